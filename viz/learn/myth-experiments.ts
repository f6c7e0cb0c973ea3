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
import type { MythOutcome } from './myth-outcome.ts';
import type { MythId } from './myths.ts';
import {
  above95,
  cardsBalance,
  everyCardACopy,
  expertCacheFlag,
  float16,
  hostMemory,
  overrideZero,
  poolSize,
  sixteenKilobytes,
} from './startup-myths.ts';

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

const CHATS =
  'dataset-name: prefix_repetition, prefix-repetition-num-prefixes: 3, prefix-repetition-prefix-len: 512, ' +
  'prefix-repetition-suffix-len: 64, prefix-repetition-output-len: 60';

/** In the end fewer blocks are empty than a prompt needs: nearly all know a text that ended. */
function fullIsBad(): MythOutcome {
  const source = serving(
    'full',
    '--num-gpu-blocks-override 400 --max-model-len 1024',
    `num-prompts: 100, request-rate: 1, ${CHATS}`,
  );
  const recording = run(source);
  const { steps, numSteps } = recording;
  const prompt = Math.ceil(recording.requests.numPromptTokens[0] / BLOCK);
  let full = 0;
  let waits = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.numFreeBlocks[step] - steps.numCachedFreeBlocks[step] >= prompt) continue;
    full++;
    if (steps.admissionStop[step] === AdmissionStop.NoFreeBlocks && steps.numWaiting[step] > 0) waits++;
  }
  return { holds: full === 0 || waits > 0, facts: { full, numSteps, waits, prompt }, scenario: source };
}

/** The cache is emptied every five seconds, or not. */
function flush(): MythOutcome {
  const of = (reset: string) =>
    serving(
      'flush',
      '--num-gpu-blocks-override 400 --max-model-len 1024',
      `num-prompts: 100, request-rate: 2, ${CHATS}${reset}`,
    );
  const source = of(
    ', reset-prefix-cache: [5s, 10s, 15s, 20s, 25s, 30s, 35s, 40s, 45s], reset-running-requests: true',
  );
  const [emptied, kept] = [source, of('')].map((each) => {
    const { header, requests } = run(each);
    const first = requests.firstTokenNs.reduce((sum, ns, i) => sum + (ns - requests.arrivalNs[i]), 0);
    return {
      hits: header.prefixCacheHits / header.prefixCacheQueries,
      firstMs: first / requests.firstTokenNs.length / 1_000_000,
    };
  });
  return {
    holds: emptied.firstMs < 0.99 * kept.firstMs,
    facts: {
      hits: kept.hits,
      hitsEmptied: emptied.hits,
      firstMs: kept.firstMs,
      firstMsEmptied: emptied.firstMs,
    },
    scenario: source,
  };
}

/** vLLM 0.6.3 under pressure, with 8 GiB of swap space. */
function swapForBursts(): MythOutcome {
  const source = scenario(
    'swap-for-bursts',
    `version: 1
name: swap-for-bursts
vllm: "0.6.3"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 1024 --num-gpu-blocks-override 200 --swap-space 8
hardware: { gpu: l4, count: 1 }
workload: { num-prompts: 60, request-rate: inf, input-len: 100, output-len: 200 }
`,
  );
  const recording = run(source);
  const { numPreemptions } = summarize(recording);
  const swapped = recording.header.traffic?.swappedOut ?? 0;
  return { holds: swapped > 0 || numPreemptions === 0, facts: { numPreemptions, swapped }, scenario: source };
}

/** The same quiet load with much memory and with more. */
function utilizationIsWork(): MythOutcome {
  const of = (share: number) =>
    serving(
      'quiet',
      `--max-model-len 4096 --gpu-memory-utilization ${share}`,
      'num-prompts: 60, request-rate: 0.5, input-len: 200, output-len: 100',
    );
  const source = of(0.95);
  const rates = [of(0.85), source].map((each) => {
    const recording = run(each);
    const tokens = recording.requests.numOutputTokens.reduce((sum, n) => sum + n, 0);
    return tokens / summarize(recording).simulatedSeconds;
  });
  const [low, high] = rates;
  return { holds: high > 1.01 * low, facts: { low, high }, scenario: source };
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
  'full-is-bad': fullIsBad,
  flush,
  'swap-for-bursts': swapForBursts,
  'utilization-is-work': utilizationIsWork,
  'pool-size': poolSize,
  float16,
  'sixteen-kilobytes': sixteenKilobytes,
  'every-card-a-copy': everyCardACopy,
  'cards-balance': cardsBalance,
  'override-zero': overrideZero,
  'expert-cache-flag': expertCacheFlag,
  'host-memory': hostMemory,
  'above-95': above95,
};
