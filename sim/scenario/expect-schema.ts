import * as v from 'valibot';
import { METRIC_NAMES } from '../report/metrics.ts';
import { bool, count, duration, text } from './schema-parts.ts';

/** The key `expect` of a scenario. */

const BLOCKS = 'a number of blocks, or [least, most]';
const blocks = v.union([count(0, 1e12), v.tuple([count(0, 1e12), count(0, 1e12)], BLOCKS)], BLOCKS);

export const START_FAILURES = [
  'unrecognized-argument',
  'invalid-argument',
  'host-memory',
  'weights-do-not-fit',
  'no-kv-cache-memory',
  'kv-cache-too-small',
  'allocation-failed',
  'unsupported-model',
] as const;

const EXPECTATION =
  'a check like "p(99) < 2s", {check, severity, after, aggregate, abort-on-fail}, or a list of them';
const expectation = [
  text,
  v.strictObject({
    check: text,
    severity: v.optional(v.picklist(['error', 'warning'], 'error or warning')),
    after: v.optional(duration),
    aggregate: v.optional(v.picklist(['worst', 'mean'], 'worst or mean')),
    'abort-on-fail': v.optional(bool),
  }),
] as const;
export const expectations = v.union(
  [
    ...expectation,
    v.pipe(
      v.array(v.union(expectation, EXPECTATION)),
      v.minLength(1, 'one check at least'),
      v.maxLength(100, 'at most 100 checks'),
    ),
  ],
  EXPECTATION,
);
/** Start-up outcomes, and what a metric must be. */
export const expectSchema = v.strictObject(
  {
    starts: v.optional(bool),
    because: v.optional(v.picklist(START_FAILURES, `one of ${START_FAILURES.join(', ')}`)),
    says: v.optional(text),
    'gpu-blocks': v.optional(blocks),
    'cpu-blocks': v.optional(blocks),
    ...(Object.fromEntries(METRIC_NAMES.map((name) => [name, v.optional(expectations)])) as Record<
      `${'vllm' | 'poolscope'}:${string}`,
      v.OptionalSchema<typeof expectations, undefined>
    >),
  },
  'an object',
);
