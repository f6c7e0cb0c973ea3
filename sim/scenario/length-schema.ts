import * as v from 'valibot';
import { tokens } from './schema-parts.ts';
import type { LengthSpec } from './workload-spec.ts';

const lognormal = v.strictObject(
  {
    median: tokens,
    sigma: v.pipe(v.number('a number'), v.minValue(0, 'at least 0'), v.maxValue(5, 'at most 5')),
    max: tokens,
  },
  'an object with median, sigma and max',
);

const PERCENT = /^p(100|\d{1,2}(\.\d{1,6})?)$/;
const QUANTILES = 'percentiles with their tokens, from p0 to p100, like {p0: 1, p50: 300, p100: 4096}';
const quantiles = v.pipe(
  v.record(v.string(), tokens, QUANTILES),
  v.check((points) => Object.keys(points).every((name) => PERCENT.test(name)), QUANTILES),
  v.check((points) => 'p0' in points && 'p100' in points, QUANTILES),
  v.check((points) => {
    const ascending = byPercent(points);
    return ascending.every(([, value], i) => i === 0 || value >= ascending[i - 1][1]);
  }, 'percentiles that do not fall'),
);

/** A distribution of tokens; a number is short for {fixed: number}. */
export const length = v.pipe(
  v.union(
    [
      tokens,
      v.strictObject({
        fixed: v.optional(tokens),
        uniform: v.optional(v.tuple([tokens, tokens], 'two whole numbers, [min, max]')),
        lognormal: v.optional(lognormal),
        quantiles: v.optional(quantiles),
      }),
    ],
    'a number of tokens, or one of {fixed: n}, {uniform: [min, max]}, {lognormal: {median, sigma, max}}, {quantiles: {p0, …, p100}}',
  ),
  v.check(
    (spec) => typeof spec === 'number' || Object.keys(spec).length === 1,
    'exactly one of fixed, uniform, lognormal, quantiles',
  ),
  v.check(
    (spec) => typeof spec === 'number' || spec.uniform === undefined || spec.uniform[0] <= spec.uniform[1],
    'uniform: [min, max] with min at most max',
  ),
);

/** The distribution that a checked length means. */
export function lengthOf(file: v.InferOutput<typeof length>): LengthSpec {
  if (typeof file === 'number') return { kind: 'fixed', tokens: file };
  if (file.uniform) return { kind: 'uniform', min: file.uniform[0], max: file.uniform[1] };
  if (file.lognormal) return { kind: 'lognormal', ...file.lognormal };
  if (file.quantiles) {
    const points = byPercent(file.quantiles);
    return {
      kind: 'quantiles',
      shares: points.map(([percent]) => percent / 100),
      tokens: points.map(([, value]) => value),
    };
  }
  return { kind: 'fixed', tokens: file.fixed ?? 1 };
}

function byPercent(points: Readonly<Record<string, number>>): [percent: number, tokens: number][] {
  return Object.entries(points)
    .map(([name, value]): [number, number] => [Number(name.slice(1)), value])
    .sort(([a], [b]) => a - b);
}
