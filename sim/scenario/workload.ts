import { lengthOf } from './length-schema.ts';
import type { Report } from './located-yaml.ts';
import { resolvePath } from './paths.ts';
import type { LengthSpec, SyntheticWorkload, TraceWorkload, WorkloadSpec } from './scenario.ts';
import { MAX_DURATION_NS } from './schema-parts.ts';
import type { WorkloadFile } from './workload-schema.ts';

/** What a scenario without a workload runs; `vllm bench serve`'s lengths at a rate that a laptop GPU meets. */
export const DEFAULT_WORKLOAD: SyntheticWorkload = {
  kind: 'synthetic',
  numRequests: 200,
  arrival: { kind: 'poisson', ratePerSecond: 4, burstiness: 1 },
  promptTokens: { kind: 'lognormal', median: 512, sigma: 0.8, max: 4096 },
  outputTokens: { kind: 'lognormal', median: 128, sigma: 0.8, max: 1024 },
  sharedPrefix: { count: 1, tokens: 64 },
  turns: 1,
  thinkTimeNs: 0,
  numSequences: 1,
  beamSearch: false,
  images: null,
  abort: { share: 0, afterNs: 0 },
};

/** `vllm bench serve`'s defaults. */
const RANDOM_INPUT_LEN = 1024;
const RANDOM_OUTPUT_LEN = 128;
const PREFIX_REPETITION = { prefixes: 10, prefixLen: 256, suffixLen: 256, outputLen: 128 };
const NUM_PROMPTS = 1000;
const NS_PER_S = 1e9;

const TRACE_KEYS = ['trace', 'format', 'time-scale', 'limit', 'reset-prefix-cache', 'reset-running-requests'];

/** The workload that the checked keys describe. Keys that contradict each other are reported. */
export function workloadOf(file: WorkloadFile, report: Report): WorkloadSpec {
  const requests = requestsOf(file, report);
  const { 'reset-prefix-cache': at, 'reset-running-requests': preemptRunning } = file;
  if (at === undefined) {
    if (preemptRunning !== undefined) {
      report(['workload', 'reset-running-requests'], 'goes with reset-prefix-cache', null, true);
    }
    return requests;
  }
  const atNs = (typeof at === 'number' ? [at] : at).toSorted((a, b) => a - b);
  return { ...requests, cacheResets: { atNs, preemptRunning: preemptRunning ?? false } };
}

function requestsOf(file: WorkloadFile, report: Report): SyntheticWorkload | TraceWorkload {
  const given = Object.keys(file) as (keyof WorkloadFile)[];
  if (file.trace !== undefined) {
    for (const key of given) {
      if (!TRACE_KEYS.includes(key)) report(['workload', key], 'does not go with trace', null, true);
    }
    const path = resolvePath(file.trace);
    if (path === null)
      report(['workload', 'trace'], "expected a path inside the scenario's folder (--trace takes any)");
    return {
      kind: 'trace',
      path: path ?? file.trace,
      format: file.format ?? null,
      timeScale: file['time-scale'] ?? 1,
      limit: file.limit ?? null,
    };
  }
  for (const key of ['format', 'time-scale', 'limit'] as const) {
    if (given.includes(key)) report(['workload', key], 'goes with trace', null, true);
  }
  const repeats = file['dataset-name'] === 'prefix_repetition';
  for (const key of given) {
    const family = key.startsWith('prefix-repetition-') ? true : key.startsWith('random-') ? false : null;
    if (family !== null && family !== repeats) {
      report(
        ['workload', key],
        `does not go with dataset-name: ${file['dataset-name'] ?? 'random'}`,
        null,
        true,
      );
    }
  }
  const rate = file['request-rate'] ?? 'inf';
  const ratio = file['random-range-ratio'] ?? 0;
  const numRequests = file['num-prompts'] ?? NUM_PROMPTS;
  if (rate !== 'inf' && (numRequests / rate) * NS_PER_S > MAX_DURATION_NS) {
    report(
      ['workload', 'request-rate'],
      `${numRequests} requests at this rate take more than 30 days to arrive`,
    );
  }
  if ((file.turns ?? 1) * (file['think-time'] ?? 0) > MAX_DURATION_NS) {
    report(['workload', 'think-time'], 'the turns of a conversation take more than 30 days');
  }
  const prefixTokens = repeats
    ? (file['prefix-repetition-prefix-len'] ?? PREFIX_REPETITION.prefixLen)
    : (file['random-prefix-len'] ?? 0);
  const prefixCount = repeats ? (file['prefix-repetition-num-prefixes'] ?? PREFIX_REPETITION.prefixes) : 1;
  const prompt = repeats
    ? spread(file['prefix-repetition-suffix-len'] ?? PREFIX_REPETITION.suffixLen, 0)
    : spread(file['random-input-len'] ?? RANDOM_INPUT_LEN, ratio);
  const output = repeats
    ? spread(file['prefix-repetition-output-len'] ?? PREFIX_REPETITION.outputLen, 0)
    : spread(file['random-output-len'] ?? RANDOM_OUTPUT_LEN, ratio);
  return {
    kind: 'synthetic',
    numRequests,
    arrival:
      rate === 'inf' || rate === Number.POSITIVE_INFINITY
        ? { kind: 'burst', atNs: 0 }
        : { kind: 'poisson', ratePerSecond: rate, burstiness: file.burstiness ?? 1 },
    promptTokens: file['input-len'] === undefined ? prompt : lengthOf(file['input-len']),
    outputTokens: file['output-len'] === undefined ? output : lengthOf(file['output-len']),
    sharedPrefix: { count: prefixTokens === 0 ? 0 : prefixCount, tokens: prefixTokens },
    turns: file.turns ?? 1,
    thinkTimeNs: file['think-time'] ?? 0,
    numSequences: file['beam-width'] ?? file.n ?? 1,
    beamSearch: file['beam-width'] !== undefined,
    images: file.images
      ? {
          perRequest: file.images['per-request'] ?? 1,
          tokens: lengthOf(file.images.tokens),
          distinct: file.images.distinct ?? null,
        }
      : null,
    abort: file.abort ? { share: file.abort.share, afterNs: file.abort.after } : { share: 0, afterNs: 0 },
  };
}

/** Uniform in [length × (1 − ratio), length × (1 + ratio)], as --random-range-ratio has it. */
function spread(length: number, ratio: number): LengthSpec {
  if (ratio === 0) return { kind: 'fixed', tokens: length };
  return {
    kind: 'uniform',
    min: Math.max(1, Math.floor(length * (1 - ratio))),
    max: Math.max(1, Math.ceil(length * (1 + ratio))),
  };
}
