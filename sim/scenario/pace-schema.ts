import * as v from 'valibot';
import { count, DURATION, duration, MAX_REQUESTS, positive } from './schema-parts.ts';

/** The keys of `workload` that say when requests come. Names of `vllm bench serve` where it has one. */

const REQUEST_RATE = 'requests per second, above 0, or inf';
const BURSTINESS = 'a number from 0.001 to 1000000, or inf';
const INFINITE = [v.literal('inf'), v.literal(Number.POSITIVE_INFINITY)] as const;
const rps = positive('requests per second, above 0');

const THINK_TIME = `${DURATION}, or one of {exponential: 5s}, {uniform: [1s, 9s]}, {lognormal: {median, sigma, max}}`;
const thinkTime = v.union(
  [
    duration,
    v.pipe(
      v.strictObject({
        exponential: v.optional(duration),
        uniform: v.optional(v.tuple([duration, duration], 'two durations, [min, max]')),
        lognormal: v.optional(
          v.strictObject(
            {
              median: duration,
              sigma: v.pipe(v.number('a number'), v.minValue(0, 'at least 0'), v.maxValue(5, 'at most 5')),
              max: duration,
            },
            'an object with median, sigma and max',
          ),
        ),
      }),
      v.check((spec) => Object.keys(spec).length === 1, 'exactly one of exponential, uniform, lognormal'),
      v.check(
        ({ uniform }) => uniform === undefined || uniform[0] <= uniform[1],
        'uniform: [min, max] with min at most max',
      ),
    ),
  ],
  THINK_TIME,
);

const diurnal = v.pipe(
  v.strictObject(
    {
      period: v.pipe(
        duration,
        v.check((ns) => ns > 0, 'a duration above 0'),
      ),
      low: v.pipe(v.number('requests per second'), v.minValue(0, 'at least 0')),
      high: rps,
    },
    'an object with period, low and high',
  ),
  v.check(({ low, high }) => low <= high, 'low at most high'),
);

export const PACE_ENTRIES = {
  'request-rate': v.optional(v.union([...INFINITE, positive(REQUEST_RATE)], REQUEST_RATE)),
  burstiness: v.optional(
    v.union(
      [...INFINITE, v.pipe(v.number(BURSTINESS), v.minValue(0.001, BURSTINESS), v.maxValue(1e6, BURSTINESS))],
      BURSTINESS,
    ),
  ),
  'ramp-up-strategy': v.optional(v.picklist(['linear', 'exponential'], 'linear or exponential')),
  'ramp-up-start-rps': v.optional(rps),
  'ramp-up-end-rps': v.optional(rps),
  diurnal: v.optional(diurnal),
  users: v.optional(count(1, MAX_REQUESTS)),
  'think-time': v.optional(thinkTime),
  'max-concurrency': v.optional(count(1, MAX_REQUESTS)),
} as const;

export const PACE_KEYS = Object.keys(PACE_ENTRIES);

const paceSchema = v.object(PACE_ENTRIES);
export type PaceFile = v.InferOutput<typeof paceSchema>;
