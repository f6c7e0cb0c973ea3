import { Outcome, type Recording } from '../recording/recording.ts';
import { pausesOf, phasesOf } from './phases.ts';

/** What a counter has come to at a time. Asked at increasing times. */
type Growth = (ns: number) => number;

/** How totals grow, by name; null where a recording does not tell. */
export const COUNTERS: Readonly<Record<string, (recording: Recording) => Growth | null>> = {
  'vllm:num_preemptions_total': (recording) => {
    const pauses = [...pausesOf(recording).values()].flat();
    const total = recording.requests.numPreemptions.reduce((sum, n) => sum + n, 0);
    // Without events nobody knows when they were.
    return pauses.length === total ? growthOf(pauses.map(({ startNs }) => [startNs, 1])) : null;
  },
  'vllm:prefix_cache_queries_total': (recording) => {
    const { requests, header } = recording;
    return admitted(recording, requests.numPromptTokens, header.prefixCacheQueries);
  },
  'vllm:prefix_cache_hits_total': (recording) => {
    const { requests, header } = recording;
    return admitted(recording, requests.numCachedTokens, header.prefixCacheHits);
  },
  'vllm:prompt_tokens_total': ({ requests }) =>
    growthOf(Array.from(requests.firstTokenNs, (ns, i) => [ns, requests.numPromptTokens[i]])),
  'vllm:generation_tokens_total': generated,
  'vllm:request_success_total': ({ requests }) =>
    growthOf(Array.from(requests.endNs, (ns, i) => [ns, requests.outcome[i] === Outcome.Finished ? 1 : 0])),
};

/** Amounts that are added at times (NaN: never). */
function growthOf(additions: readonly (readonly [ns: number, amount: number])[]): Growth {
  const sorted = additions.filter(([ns]) => !Number.isNaN(ns)).sort(([a], [b]) => a - b);
  let next = 0;
  let total = 0;
  return (ns) => {
    while (next < sorted.length && sorted[next][0] <= ns) total += sorted[next++][1];
    return total;
  };
}

/** Amounts that count when a request is first scheduled; null if they are not all that the total counted. */
function admitted({ requests }: Recording, amounts: ArrayLike<number>, total: number): Growth | null {
  const additions = Array.from(requests.firstScheduledNs, (ns, i): [number, number] => [ns, amounts[i]]);
  const sum = additions.reduce((all, [ns, amount]) => (Number.isNaN(ns) ? all : all + amount), 0);
  return sum === total ? growthOf(additions) : null;
}

/** A recording knows when a request's first and last token came; the others are spread evenly over its decoding. */
function generated(recording: Recording): Growth {
  const { requests } = recording;
  const pauses = pausesOf(recording);
  const additions: [number, number][] = [];
  for (let i = 0; i < requests.outcome.length; i++) {
    if (requests.numOutputTokens[i] === 0) continue;
    const first = Math.min(requests.numOutputTokens[i], Math.max(1, requests.numSequences[i]));
    additions.push([requests.firstTokenNs[i], first]);
    const rest = requests.numOutputTokens[i] - first;
    const decodes = phasesOf(recording, i, pauses).filter(({ name }) => name === 'decode');
    if (decodes.length === 0) {
      additions.push([requests.firstTokenNs[i], rest]);
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
      additions.push([Math.min(decodes[phase].endNs, decodes[phase].startNs + atNs - beforeNs), 1]);
    }
  }
  return growthOf(additions);
}

function lengthOf({ startNs, endNs }: { readonly startNs: number; readonly endNs: number }): number {
  return endNs - startNs;
}
