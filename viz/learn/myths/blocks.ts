import { Cursor } from '../../../sim/recording/cursor.ts';
import { AdmissionStop } from '../../../sim/recording/tables.ts';
import { freeRuns } from '../../../sim/report/memory-stats.ts';
import { ALPACA_LIKE, SHAREGPT_LIKE } from '../../../sim/report/paper/loads.ts';
import { pagedOccupancy } from '../../../sim/report/paper/occupancy.ts';
import { table1, workloadThatWaits } from '../../../sim/report/paper/paper-checks.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { run } from '../experiments/lab.ts';
import type { MythOutcome } from './outcome.ts';
import { BLOCK, mostRunning, serving } from './serving.ts';

/* Myths on blocks: gaps, waste, the cache. */

const CHURN =
  'num-prompts: 200, request-rate: 2, input-len: { lognormal: { median: 200, sigma: 0.8, max: 1500 } }, output-len: 60';

const CHATS =
  'dataset-name: prefix_repetition, prefix-repetition-num-prefixes: 3, prefix-repetition-prefix-len: 512, ' +
  'prefix-repetition-suffix-len: 64, prefix-repetition-output-len: 60';

/** Requests come and go until the free blocks lie in crumbs. */
export function gaps(): MythOutcome {
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

export function noWaste(): MythOutcome {
  const { slots } = table1();
  const { internal } = pagedOccupancy(slots, BLOCK, workloadThatWaits(ALPACA_LIKE, 1));
  return { holds: internal === 0, facts: { internal }, scenario: null };
}

export function largerBlocks(): MythOutcome {
  const { slots } = table1();
  const workload = workloadThatWaits(SHAREGPT_LIKE, 1);
  const [small, large] = [16, 64].map((size) => pagedOccupancy(slots, size, workload).internal);
  return { holds: large < small, facts: { small, large }, scenario: null };
}

/** The same requests with the prefix cache and without it. */
export function cacheFragments(): MythOutcome {
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
export function utilization(): MythOutcome {
  const { slots } = table1();
  const workload = workloadThatWaits(SHAREGPT_LIKE, 1);
  const [small, large] = [slots, 2 * slots].map((each) => pagedOccupancy(each, BLOCK, workload).internal);
  return { holds: large < 0.9 * small, facts: { small, large }, scenario: null };
}

/** In the end fewer blocks are empty than a prompt needs: nearly all know a text that ended. */
export function fullIsBad(): MythOutcome {
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
export function flush(): MythOutcome {
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
