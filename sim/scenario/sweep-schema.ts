import * as v from 'valibot';
import { METRIC_NAMES } from '../report/metrics.ts';
import { count, text } from './schema-parts.ts';

/** The key `sweep` of a scenario; the names are those of `vllm bench sweep serve`. */

const SET = 'an object of parameters';
const SETS = 'a list of objects of parameters, or an object of them by name';
const set = v.record(v.string(), v.unknown(), SET);
const sets = v.union(
  [v.pipe(v.array(set, SETS), v.minLength(1, SETS)), v.record(v.string(), set, SETS)],
  SETS,
);

const VALUES = 'a list of values';
const LINKS = 'a list like [max-num-seqs=max-concurrency]';
const TREND = 'a check like "p(99) increasing in workload.request-rate", or a list of them';
const trend = v.union([text, v.pipe(v.array(text), v.minLength(1, TREND))], TREND);

export const sweepSchema = v.strictObject(
  {
    'serve-params': v.optional(sets),
    'bench-params': v.optional(sets),
    'link-vars': v.optional(v.array(text, LINKS)),
    grid: v.optional(
      v.record(
        v.string(),
        v.pipe(v.array(v.unknown(), VALUES), v.minLength(1, VALUES)),
        'an object of lists',
      ),
    ),
    'num-runs': v.optional(count(1, 100)),
    expect: v.optional(
      v.strictObject(
        Object.fromEntries(METRIC_NAMES.map((name) => [name, v.optional(trend)])) as Record<
          `${'vllm' | 'poolscope'}:${string}`,
          v.OptionalSchema<typeof trend, undefined>
        >,
      ),
    ),
  },
  'an object with serve-params, bench-params, link-vars, grid, num-runs and expect',
);

export type SweepFile = v.InferOutput<typeof sweepSchema>;
