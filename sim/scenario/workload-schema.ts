import * as v from 'valibot';
import { TRACE_FORMAT_LIST, TRACE_FORMATS } from '../trace/trace.ts';
import { length } from './length-schema.ts';
import { PACE_ENTRIES } from './pace-schema.ts';
import {
  bool,
  count,
  duration,
  MAX_LENGTH,
  MAX_REQUESTS,
  positive,
  share,
  text,
  tokens,
} from './schema-parts.ts';

/** The key `workload` of a scenario. */

const RESETS = 'a time like 30s, or a list of times';
const RATIO = 'a number in [0, 1)';
const ratio = v.pipe(v.number(RATIO), v.minValue(0, RATIO), v.ltValue(1, RATIO));
const RATIOS = 'a number in [0, 1), or {input: …, output: …}';
const SLOS = 'an object with ttft, tpot or e2el';

/** Names of `vllm bench serve` where it has one; the others are Poolscope's own. */
export const workloadSchema = v.strictObject(
  {
    'dataset-name': v.optional(v.picklist(['random', 'prefix_repetition'], 'random or prefix_repetition')),
    'num-prompts': v.optional(count(1, MAX_REQUESTS)),
    ...PACE_ENTRIES,
    'random-input-len': v.optional(tokens),
    'random-output-len': v.optional(tokens),
    'random-range-ratio': v.optional(
      v.union(
        [ratio, v.strictObject({ input: v.optional(ratio), output: v.optional(ratio) }, RATIOS)],
        RATIOS,
      ),
    ),
    'random-prefix-len': v.optional(count(0, MAX_LENGTH)),
    'prefix-repetition-num-prefixes': v.optional(tokens),
    'prefix-repetition-prefix-len': v.optional(tokens),
    'prefix-repetition-suffix-len': v.optional(tokens),
    'prefix-repetition-output-len': v.optional(tokens),
    'input-len': v.optional(length),
    'output-len': v.optional(length),
    turns: v.optional(count(1, 1000)),
    events: v.optional(
      v.pipe(
        v.array(
          v.strictObject({ at: duration, burst: count(1, MAX_REQUESTS) }, 'an object with at and burst'),
          'a list of {at: 30s, burst: 200}',
        ),
        v.maxLength(1000, 'at most 1000 events'),
      ),
    ),
    goodput: v.optional(
      v.pipe(
        v.strictObject(
          { ttft: v.optional(duration), tpot: v.optional(duration), e2el: v.optional(duration) },
          SLOS,
        ),
        v.check((slos) => Object.keys(slos).length > 0, SLOS),
      ),
    ),
    'reset-prefix-cache': v.optional(
      v.union([duration, v.pipe(v.array(duration), v.maxLength(1000, 'at most 1000 times'))], RESETS),
    ),
    'reset-running-requests': v.optional(bool),
    n: v.optional(count(1, 256)),
    'beam-width': v.optional(count(1, 64)),
    images: v.optional(
      v.strictObject(
        {
          'per-request': v.optional(count(1, 100)),
          tokens: length,
          distinct: v.optional(count(1, MAX_REQUESTS)),
        },
        'an object with per-request, tokens and distinct',
      ),
    ),
    abort: v.optional(v.strictObject({ share, after: duration }, 'an object with share and after')),
    trace: v.optional(text),
    format: v.optional(v.picklist(TRACE_FORMATS, TRACE_FORMAT_LIST)),
    'timed-trace-chunk-hash-size': v.optional(count(1, 1_000_000)),
    'timed-trace-sec-multiplier': v.optional(positive('a number above 0')),
    'time-scale': v.optional(positive('a number above 0')),
    limit: v.optional(count(1, MAX_REQUESTS)),
  },
  'an object',
);

export type WorkloadFile = v.InferOutput<typeof workloadSchema>;
