import type { Recording } from '../recording/recording.ts';
import { Outcome } from '../recording/tables.ts';
import { tokenIntervals } from '../report/token-intervals.ts';
import { pausesOf, phasesOf } from './phases.ts';

/** Takes an amount by which a counter grows at a time (NaN: never). */
type Add = (ns: number, amount: number) => void;

/** How totals grow, by name. False where a recording does not tell. */
export const COUNTERS: Readonly<Record<string, (recording: Recording, add: Add) => boolean>> = {
  'vllm:num_preemptions_total': (recording, add) => {
    const pauses = [...pausesOf(recording).values()].flat();
    for (const { startNs } of pauses) add(startNs, 1);
    // Without events nobody knows when they were.
    return pauses.length === recording.requests.numPreemptions.reduce((sum, n) => sum + n, 0);
  },
  'vllm:prefix_cache_queries_total': ({ requests, header }, add) =>
    admitted(requests.firstScheduledNs, requests.numPromptTokens, header.prefixCacheQueries, add),
  'vllm:prefix_cache_hits_total': ({ requests, header }, add) =>
    admitted(requests.firstScheduledNs, requests.numCachedTokens, header.prefixCacheHits, add),
  'vllm:prompt_tokens_total': ({ requests }, add) => {
    requests.firstTokenNs.forEach((ns, i) => {
      add(ns, requests.numPromptTokens[i]);
    });
    return true;
  },
  'vllm:generation_tokens_total': generated,
  'vllm:request_success_total': ({ requests }, add) => {
    requests.endNs.forEach((ns, i) => {
      if (requests.outcome[i] === Outcome.Finished) add(ns, 1);
    });
    return true;
  },
};

/** Amounts that count when a request is first scheduled; false if they are not all that the total counted. */
function admitted(times: Float64Array, amounts: ArrayLike<number>, total: number, add: Add): boolean {
  // Caching is off: nothing is looked up.
  if (total === 0) return true;
  let sum = 0;
  times.forEach((ns, i) => {
    if (Number.isNaN(ns)) return;
    add(ns, amounts[i]);
    sum += amounts[i];
  });
  return sum === total;
}

/** Each token when it came; where that is not known, those after a request's first spread evenly over its decoding. */
function generated(recording: Recording, add: Add): boolean {
  const { requests, steps } = recording;
  const { counts, steps: stepOf } = tokenIntervals(recording);
  const firsts = requests.firstTokenNs.reduce((n, ns) => (Number.isNaN(ns) ? n : n + 1), 0);
  const known = counts.reduce((sum, count) => sum + count, firsts);
  // Without events, with accepted drafts or with several sequences of a request, there are more.
  if (known === requests.numOutputTokens.reduce((sum, n) => sum + n, 0)) {
    for (const ns of requests.firstTokenNs) add(ns, 1);
    counts.forEach((count, i) => {
      add(steps.endNs[stepOf[i]], count);
    });
    return true;
  }
  const pauses = pausesOf(recording);
  for (let i = 0; i < requests.outcome.length; i++) {
    const outputs = requests.numOutputTokens[i];
    // Sequences sampled in parallel get their first tokens at the same time.
    const first = Math.min(outputs, Math.max(1, requests.numSequences[i]));
    add(requests.firstTokenNs[i], first);
    const rest = outputs - first;
    const decodes = phasesOf(recording, i, pauses).filter(({ name }) => name === 'decode');
    if (decodes.length === 0) {
      add(requests.firstTokenNs[i], rest);
      continue;
    }
    const allNs = decodes.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
    let phase = 0;
    let beforeNs = 0;
    for (let token = 1; token <= rest; token++) {
      const atNs = (allNs * token) / rest;
      while (phase < decodes.length - 1 && beforeNs + lengthOf(decodes[phase]) < atNs) {
        beforeNs += lengthOf(decodes[phase++]);
      }
      add(Math.min(decodes[phase].endNs, decodes[phase].startNs + atNs - beforeNs), 1);
    }
  }
  return true;
}

function lengthOf({ startNs, endNs }: { readonly startNs: number; readonly endNs: number }): number {
  return endNs - startNs;
}
