import * as v from 'valibot';
import { METRIC_NAMES } from '../report/metrics.ts';
import { envSchema, hardwareSchema, hostSchema } from './machine-schema.ts';
import { moeSchema } from './moe.ts';

/*
 * Scenario format, version 1: the one definition that validates. Messages say what was expected; the reader
 * of the file adds what it found, where, and the nearest valid name.
 */

const NS_PER_S = 1e9;
const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const MAX_REQUESTS = 10_000_000;
const MAX_LENGTH = 10_000_000;

const text = v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'));
const bool = v.boolean('true or false');
const count = (least: number, most: number) => {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
};
const tokens = count(1, MAX_LENGTH);
const positive = (what: string) =>
  v.pipe(
    v.number(what),
    v.check((n) => n > 0 && Number.isFinite(n), what),
  );

/** Integer nanoseconds of simulated time fit into a double up to 104 days. */
export const MAX_DURATION_NS = 30 * 24 * 3600 * NS_PER_S;
const DURATION = 'a duration like 20ms, 1.5s or 2m, at most 30 days (a plain number is seconds)';
/** To integer nanoseconds. */
const duration = v.pipe(
  v.union([v.number(), v.string()], DURATION),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ns = durationNs(dataset.value);
    if (ns !== null) return ns;
    addIssue({ message: DURATION });
    return NEVER;
  }),
);

/** Nanoseconds of `20ms`, `1.5s`, `2m` or of a number of seconds; null if it is none, or too long. */
function durationNs(value: string | number): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)?$/.exec(value.trim()) : null;
  const ns =
    typeof value === 'number'
      ? value * NS_PER_S
      : match
        ? Number(match[1]) * UNIT_NS[match[2] ?? 's']
        : Number.NaN;
  return ns >= 0 && ns <= MAX_DURATION_NS ? Math.round(ns) : null;
}

const STEP_TIME = 'roofline, or fixed:20ms';
const stepTime = v.pipe(
  v.string(STEP_TIME),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    if (dataset.value === 'roofline') return { kind: 'roofline' as const };
    const ns = dataset.value.startsWith('fixed:') ? durationNs(dataset.value.slice('fixed:'.length)) : null;
    if (ns !== null && ns >= 1) return { kind: 'fixed' as const, ns };
    addIssue({ message: STEP_TIME });
    return NEVER;
  }),
);

const SHARE = 'a share like 10% or 0.1';
const share = v.pipe(
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
const workload = v.strictObject(
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

const POLICIES = ['max', 'pow2', 'oracle', 'static'] as const;
const PLACEMENTS = ['first-fit', 'best-fit', 'buddy'] as const;
const SYSTEM =
  'vllm, orca-max, orca-pow2, orca-oracle, static-batches, or an object with policy and placement';
/** What serves: vLLM, or what served before paging, on as many token slots as vLLM would have. */
const system = v.union(
  [
    v.picklist(['vllm', 'orca-max', 'orca-pow2', 'orca-oracle', 'static-batches'], SYSTEM),
    v.strictObject({
      policy: v.picklist(POLICIES, `one of ${POLICIES.join(', ')}`),
      placement: v.optional(v.picklist(PLACEMENTS, `one of ${PLACEMENTS.join(', ')}`)),
    }),
  ],
  SYSTEM,
);

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

const EXPECTATION = 'a check like "p(99) < 2s", {check, severity, after, aggregate}, or a list of them';
const expectation = [
  text,
  v.strictObject({
    check: text,
    severity: v.optional(v.picklist(['error', 'warning'], 'error or warning')),
    after: v.optional(duration),
    aggregate: v.optional(v.picklist(['worst', 'mean'], 'worst or mean')),
  }),
] as const;
export const expectations = v.union(
  [
    ...expectation,
    v.pipe(v.array(v.union(expectation, EXPECTATION)), v.maxLength(100, 'at most 100 checks')),
  ],
  EXPECTATION,
);
/** Start-up outcomes, and what a metric must be. */
const expect = v.strictObject(
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

const SEEDS = 'a list of 1 to 100 seeds, each once';
const seeds = v.pipe(
  v.array(count(0, Number.MAX_SAFE_INTEGER), SEEDS),
  v.minLength(1, SEEDS),
  v.maxLength(100, SEEDS),
  v.check((list) => new Set(list).size === list.length, SEEDS),
);

export const scenarioSchema = v.strictObject(
  {
    version: v.literal(1, '1'),
    name: v.optional(text),
    vllm: v.optional(v.union([text, v.pipe(v.number(), v.transform(String))], 'a version in quotes')),
    system: v.optional(system),
    seed: v.optional(count(0, Number.MAX_SAFE_INTEGER)),
    seeds: v.optional(seeds),
    command: v.optional(text),
    engine: v.optional(v.record(v.string(), v.unknown(), 'an object of vllm serve flags')),
    env: v.optional(envSchema),
    hardware: hardwareSchema,
    host: v.optional(hostSchema),
    model: v.optional(
      v.union(
        [text, v.strictObject({ config: text })],
        "a model's name, or {config: path of its config.json}",
      ),
    ),
    workload: v.optional(workload),
    moe: v.optional(moeSchema),
    'step-time': v.optional(stepTime),
    expect: v.optional(expect),
    baseline: v.optional(text),
    'allow-unmodelled': v.optional(bool),
    slow: v.optional(text),
  },
  'an object with the keys of a scenario',
);

export type ScenarioFile = v.InferOutput<typeof scenarioSchema>;
export type WorkloadFile = NonNullable<ScenarioFile['workload']>;
export type LengthFile = NonNullable<WorkloadFile['input-len']>;

/** Keys that the format reserves for what this version of Poolscope does not do yet. */
export const RESERVED_KEYS = ['compose', 'manifest', 'invariants', 'golden', 'sweep'];
