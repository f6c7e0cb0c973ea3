import * as v from 'valibot';
import { readFlagValue } from './flag-values.ts';
import type { Report } from './located-yaml.ts';
import { count } from './schema-parts.ts';
import type { FlagValue } from './stated-flags.ts';

/** Flags that the scheduler goes on with: V1's that decide step by step, and nothing of memory or model. */
const FORK_FLAGS = [
  'max-num-seqs',
  'max-num-batched-tokens',
  'scheduling-policy',
  'enable-chunked-prefill',
  'long-prefill-token-threshold',
] as const;
export type ForkFlag = (typeof FORK_FLAGS)[number];

/** The same run, in which the scheduler goes on with other flags from a step on. */
export interface ForkSpec {
  readonly step: number;
  /** Canonical snake_case flag name → value. */
  readonly flags: Readonly<Record<string, FlagValue>>;
}

const SET = `an object with at least one of ${FORK_FLAGS.join(', ')}`;

export const forkSchema = v.strictObject(
  {
    'at-step': count(0, 1_000_000_000),
    set: v.pipe(
      v.strictObject(
        Object.fromEntries(FORK_FLAGS.map((name) => [name, v.optional(v.unknown())])) as Record<
          ForkFlag,
          v.OptionalSchema<v.UnknownSchema, undefined>
        >,
        SET,
      ),
      v.check((flags) => Object.keys(flags).length > 0, SET),
    ),
  },
  'an object with at-step and set',
);

type ForkFile = v.InferOutput<typeof forkSchema>;

/** The fork of a checked file, or null where it has none. What it cannot go with is reported. */
export function forkOf(
  file: ForkFile | undefined,
  { isV1, isOneEngine }: { readonly isV1: boolean; readonly isOneEngine: boolean },
  report: Report,
): ForkSpec | null {
  if (file === undefined) return null;
  if (!isV1) report(['fork'], 'goes with V1 of vLLM', null, true);
  if (!isOneEngine)
    report(['fork'], 'goes with one engine: of several, each has steps of its own', null, true);
  const flags: Record<string, FlagValue> = {};
  for (const [name, value] of Object.entries(file.set)) {
    const read = readFlagValue(name, value, '2026-05');
    if ('refusal' in read) report(['fork', 'set', name], read.refusal);
    else flags[name.replaceAll('-', '_')] = read.value;
  }
  return { step: file['at-step'], flags };
}

/** For those who read the run's results. */
export function noteOn({ step, flags }: ForkSpec): string {
  const named = Object.entries(flags).map(([name, value]) => `--${name.replaceAll('_', '-')} ${value}`);
  return `from step ${step} on the scheduler goes on with ${named.join(' ')}; vLLM would need a restart for it`;
}
