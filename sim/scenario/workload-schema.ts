import * as v from 'valibot';
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

const lognormal = v.strictObject(
  {
    median: tokens,
    sigma: v.pipe(v.number('a number'), v.minValue(0, 'at least 0'), v.maxValue(5, 'at most 5')),
    max: tokens,
  },
  'an object with median, sigma and max',
);
/** A number is short for {fixed: number}. */
const length = v.pipe(
  v.union(
    [
      tokens,
      v.strictObject({
        fixed: v.optional(tokens),
        uniform: v.optional(v.tuple([tokens, tokens], 'two whole numbers, [min, max]')),
        lognormal: v.optional(lognormal),
      }),
    ],
    'a number of tokens, or one of {fixed: n}, {uniform: [min, max]}, {lognormal: {median, sigma, max}}',
  ),
  v.check(
    (spec) => typeof spec === 'number' || Object.keys(spec).length === 1,
    'exactly one of fixed, uniform, lognormal',
  ),
  v.check(
    (spec) => typeof spec === 'number' || spec.uniform === undefined || spec.uniform[0] <= spec.uniform[1],
    'uniform: [min, max] with min at most max',
  ),
);

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
    format: v.optional(v.picklist(['azure', 'mooncake', 'vidur'], 'azure, mooncake or vidur')),
    'time-scale': v.optional(positive('a number above 0')),
    limit: v.optional(count(1, MAX_REQUESTS)),
  },
  'an object',
);

export type WorkloadFile = v.InferOutput<typeof workloadSchema>;
export type LengthFile = NonNullable<WorkloadFile['input-len']>;
