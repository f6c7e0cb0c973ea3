import { plan } from '../../sim/memory/planner.ts';
import { Cursor } from '../../sim/recording/cursor.ts';
import { AdmissionStop, type Recording } from '../../sim/recording/recording.ts';
import { freeRuns } from '../../sim/report/memory-stats.ts';
import { ALPACA_LIKE, SHAREGPT_LIKE } from '../../sim/report/paper/loads.ts';
import { pagedOccupancy } from '../../sim/report/paper/occupancy.ts';
import { table1, workloadThatWaits } from '../../sim/report/paper/paper-checks.ts';
import { summarize } from '../../sim/report/summary.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';
import { WorkloadBuilder } from '../../sim/workload/builder.ts';
import { run, scenario } from './experiments/lab.ts';
import { admission, firstPreemption } from './experiments/scheduling.ts';
import { onDemand } from './experiments/tables.ts';
import type { MythId } from './myths.ts';
import type { Facts } from './outcome.ts';

/** What a counter-example shows. */
export interface MythOutcome {
  /** What the claim predicts has come out. */
  readonly holds: boolean;
  readonly facts: Facts;
  /** The run, for the playground; null where none of the scenarios is one. */
  readonly scenario: ScenarioSource | null;
}

const BLOCK = 16;

function serving(name: string, flags: string, workload: string): ScenarioSource {
  return scenario(
    name,
    `version: 1
name: ${name}
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} ${flags}
hardware: { gpu: l4, count: 1 }
workload: { ${workload} }
`,
  );
}

function mostRunning({ steps }: Recording): number {
  return steps.numRunning.reduce((most, running) => Math.max(most, running), 0);
}

const CHURN =
  'num-prompts: 200, request-rate: 2, input-len: { lognormal: { median: 200, sigma: 0.8, max: 1500 } }, output-len: 60';

/** Requests come and go until the free blocks lie in crumbs. */
function gaps(): MythOutcome {
  const source = serving('gaps', '--num-gpu-blocks-override 500 --max-model-len 2048', CHURN);
  const recording = run(source);
  const cursor = new Cursor(recording);
  let shortest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < cursor.numSteps; step++) {
    cursor.seek(step);
    const isFree = (block: number) => block !== cursor.nullBlock && cursor.refCount[block] === 0;
    shortest = Math.min(shortest, freeRuns(cursor.numBlocks, isFree).longest);
  }
  const { numPreemptions, requests } = summarize(recording);
  return {
    holds: numPreemptions > 0 || requests.finished < requests.total,
    facts: { shortest, numPreemptions, finished: requests.finished, total: requests.total },
    scenario: source,
  };
}

function noWaste(): MythOutcome {
  const { slots } = table1();
  const { internal } = pagedOccupancy(slots, BLOCK, workloadThatWaits(ALPACA_LIKE, 1));
  return { holds: internal === 0, facts: { internal }, scenario: null };
}

function largerBlocks(): MythOutcome {
  const { slots } = table1();
  const workload = workloadThatWaits(SHAREGPT_LIKE, 1);
  const [small, large] = [16, 64].map((size) => pagedOccupancy(slots, size, workload).internal);
  return { holds: large < small, facts: { small, large }, scenario: null };
}

/** The same requests with the prefix cache and without it. */
function cacheFragments(): MythOutcome {
  const workload =
    'num-prompts: 120, request-rate: 3, dataset-name: prefix_repetition, prefix-repetition-num-prefixes: 6, ' +
    'prefix-repetition-prefix-len: 256, prefix-repetition-suffix-len: 64, prefix-repetition-output-len: 150';
  const of = (flag: string) =>
    serving(`cache${flag}`, `--num-gpu-blocks-override 220 --max-model-len 1024 ${flag}`, workload);
  const source = of('--enable-prefix-caching');
  const recordings = [source, of('--no-enable-prefix-caching')].map((each) => run(each));
  const [on, off] = recordings.map(summarize);
  const [most, mostWithout] = recordings.map(mostRunning);
  const { steps, numSteps } = recordings[0];
  let refused = 0;
  for (let step = 0; step < numSteps; step++) {
    const isShort = steps.admissionStop[step] === AdmissionStop.NoFreeBlocks;
    if (isShort && steps.admissionNeed[step] <= steps.numFreeBlocks[step]) refused++;
  }
  return {
    holds: on.requests.finished < on.requests.total || refused > 0,
    facts: {
      finished: on.requests.finished,
      total: on.requests.total,
      refused,
      seconds: on.simulatedSeconds,
      secondsWithout: off.simulatedSeconds,
      most,
      mostWithout,
      preemptions: on.numPreemptions,
      preemptionsWithout: off.numPreemptions,
    },
    scenario: source,
  };
}

/** Twice the pool, as a higher gpu_memory_utilization gives. */
function utilization(): MythOutcome {
  const { slots } = table1();
  const workload = workloadThatWaits(SHAREGPT_LIKE, 1);
  const [small, large] = [slots, 2 * slots].map((each) => pagedOccupancy(each, BLOCK, workload).internal);
  return { holds: large < 0.9 * small, facts: { small, large }, scenario: null };
}

/** "Maximum concurrency for 8,192 tokens per request: …x" in vLLM's log. */
function hardLimit(): MythOutcome {
  const source = serving(
    'hard-limit',
    '--max-model-len 8192 --num-gpu-blocks-override 2361',
    'num-prompts: 200, request-rate: inf, input-len: 100, output-len: 100',
  );
  const start = plan(parseScenario(source.text, source.file));
  const said = start.starts ? start.maxConcurrency : 0;
  const ran = mostRunning(run(source));
  return { holds: ran <= said, facts: { said, ran }, scenario: source };
}

function maxTokens(): MythOutcome {
  const { facts, scenario: source } = onDemand(1);
  const wanted = Math.ceil(121 / BLOCK);
  return { holds: facts.blocks === wanted, facts: { blocks: facts.blocks, wanted }, scenario: source };
}

/** The oldest request is the largest. */
function largestEvicted(): MythOutcome {
  const source = serving(
    'largest-evicted',
    '--no-async-scheduling --num-gpu-blocks-override 13 --max-model-len 128',
    'num-prompts: 3, request-rate: inf, input-len: 40, output-len: 50',
  );
  const builder = new WorkloadBuilder();
  const prompts = [76, 44, 28];
  for (const prompt of prompts) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, prompt]], maxTokens: 40 });
  }
  const recording = run(source, builder.finish());
  const found = firstPreemption(recording);
  const sizes = new Cursor(recording);
  sizes.seek((found?.step ?? 0) - 1);
  const [oldest, lost] = [0, found?.request ?? 0].map((request) => sizes.table(request).length);
  return { holds: found?.request === 0, facts: { oldest, lost }, scenario: source };
}

function moreAtOnce(): MythOutcome {
  const { answer, facts, scenario: source } = admission(0);
  return { holds: answer === 'faster', facts, scenario: source };
}

export const MYTH_EXPERIMENTS: Readonly<Record<MythId, () => MythOutcome>> = {
  gaps,
  'no-waste': noWaste,
  'larger-blocks': largerBlocks,
  'cache-fragments': cacheFragments,
  utilization,
  'hard-limit': hardLimit,
  'max-tokens': maxTokens,
  'largest-evicted': largestEvicted,
  'more-at-once': moreAtOnce,
};
