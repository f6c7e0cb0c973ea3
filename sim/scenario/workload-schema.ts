import * as v from 'valibot';
import { TRACE_FORMAT_LIST, TRACE_FORMATS } from '../trace/trace.ts';
import { length } from './length-schema.ts';
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

const requestRate = v.union(
  [v.literal('inf'), v.literal(Number.POSITIVE_INFINITY), positive('requests per second, above 0, or inf')],
  'requests per second, above 0, or inf',
);

const RESETS = 'a time like 30s, or a list of times';
const BURSTINESS = 'a number from 0.001 to 1000000';

/** Names of `vllm bench serve` where it has one; the others are Poolscope's own. */
export const workloadSchema = v.strictObject(
  {
    'dataset-name': v.optional(v.picklist(['random', 'prefix_repetition'], 'random or prefix_repetition')),
    'num-prompts': v.optional(count(1, MAX_REQUESTS)),
    'request-rate': v.optional(requestRate),
    burstiness: v.optional(
      v.pipe(v.number(BURSTINESS), v.minValue(0.001, BURSTINESS), v.maxValue(1e6, BURSTINESS)),
    ),
    'random-input-len': v.optional(tokens),
    'random-output-len': v.optional(tokens),
    'random-range-ratio': v.optional(
      v.pipe(
        v.number('a number in [0, 1)'),
        v.minValue(0, 'a number in [0, 1)'),
        v.ltValue(1, 'a number in [0, 1)'),
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
    'think-time': v.optional(duration),
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
    'time-scale': v.optional(positive('a number above 0')),
    limit: v.optional(count(1, MAX_REQUESTS)),
  },
  'an object',
);

export type WorkloadFile = v.InferOutput<typeof workloadSchema>;
