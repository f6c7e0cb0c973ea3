import * as v from 'valibot';
import { commandSchema, composeSchema, manifestSchema } from './deployment/schema.ts';
import { expectSchema } from './expect-schema.ts';
import { forkSchema } from './fork.ts';
import { envSchema, hardwareSchema, hostSchema } from './machine-schema.ts';
import { moeSchema } from './moe.ts';
import { replicasSchema } from './replicas.ts';
import { bool, count, text } from './schema-parts.ts';
import { stepTimeSchema } from './step-time.ts';
import { sweepSchema } from './sweep-schema.ts';
import { workloadSchema } from './workload-schema.ts';

/*
 * Scenario format, version 1: the one definition that validates. Messages say what was expected; the reader
 * of the file adds what it found, where, and the nearest valid name.
 */

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

const SEEDS = 'a list of 1 to 100 seeds, each once';
const seeds = v.pipe(
  v.array(count(0, Number.MAX_SAFE_INTEGER), SEEDS),
  v.minLength(1, SEEDS),
  v.maxLength(100, SEEDS),
  v.check((list) => new Set(list).size === list.length, SEEDS),
);

const MOST_FLAGS = 1000;

export const scenarioSchema = v.strictObject(
  {
    version: v.literal(1, '1'),
    name: v.optional(text),
    vllm: v.optional(v.union([text, v.pipe(v.number(), v.transform(String))], 'a version in quotes')),
    system: v.optional(system),
    seed: v.optional(count(0, Number.MAX_SAFE_INTEGER)),
    seeds: v.optional(seeds),
    command: v.optional(commandSchema),
    compose: v.optional(composeSchema),
    manifest: v.optional(manifestSchema),
    engine: v.optional(
      v.pipe(
        v.record(v.string(), v.unknown(), 'an object of vllm serve flags'),
        v.check((flags) => Object.keys(flags).length <= MOST_FLAGS, `at most ${MOST_FLAGS} flags`),
      ),
    ),
    env: v.optional(envSchema),
    hardware: hardwareSchema,
    replicas: v.optional(replicasSchema),
    host: v.optional(hostSchema),
    model: v.optional(
      v.union(
        [text, v.strictObject({ config: text })],
        "a model's name, or {config: path of its config.json}",
      ),
    ),
    workload: v.optional(workloadSchema),
    moe: v.optional(moeSchema),
    'step-time': v.optional(stepTimeSchema),
    expect: v.optional(expectSchema),
    fork: v.optional(forkSchema),
    baseline: v.optional(text),
    golden: v.optional(text),
    sweep: v.optional(sweepSchema),
    'allow-unmodelled': v.optional(bool),
    invariants: v.optional(v.picklist(['strict', 'off'], 'strict or off')),
    slow: v.optional(text),
  },
  'an object with the keys of a scenario',
);

/** After expandDeployment(), a deployment is the command line that it starts. */
export type ScenarioFile = Omit<v.InferOutput<typeof scenarioSchema>, 'command' | 'compose' | 'manifest'> & {
  readonly command?: string;
};
