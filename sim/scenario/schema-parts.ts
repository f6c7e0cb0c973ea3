import * as v from 'valibot';
import { NS_PER_S } from '../units.ts';
import { MAX_DURATION_NS } from './workload-spec.ts';

/** The kinds of values that a scenario's keys take. Messages say what was expected. */

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
export const MAX_REQUESTS = 10_000_000;
export const MAX_LENGTH = 10_000_000;

export const text = v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'));
export const bool = v.boolean('true or false');
export const count = (least: number, most: number) => {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
};
export const tokens = count(1, MAX_LENGTH);
export const positive = (what: string) =>
  v.pipe(
    v.number(what),
    v.check((n) => n > 0 && Number.isFinite(n), what),
  );

export const DURATION = 'a duration like 20ms, 1.5s or 2m, at most 30 days (a plain number is seconds)';
/** To integer nanoseconds. */
export const duration = v.pipe(
  v.union([v.number(), v.string()], DURATION),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ns = durationNs(dataset.value);
    if (ns !== null) return ns;
    addIssue({ message: DURATION });
    return NEVER;
  }),
);

/** Nanoseconds of `20ms`, `1.5s`, `2m` or of a number of seconds; null if it is none, or too long. */
export function durationNs(value: string | number): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)?$/.exec(value.trim()) : null;
  const ns =
    typeof value === 'number'
      ? value * NS_PER_S
      : match
        ? Number(match[1]) * UNIT_NS[match[2] ?? 's']
        : Number.NaN;
  return ns >= 0 && ns <= MAX_DURATION_NS ? Math.round(ns) : null;
}

const SHARE = 'a share like 10% or 0.1';
export const share = v.pipe(
  v.union([v.number(), v.string()], SHARE),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const { value } = dataset;
    const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim()) : null;
    const number = typeof value === 'number' ? value : match ? Number(match[1]) / 100 : Number.NaN;
    if (number >= 0 && number <= 1) return number;
    addIssue({ message: SHARE });
    return NEVER;
  }),
);
