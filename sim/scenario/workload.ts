import { lengthOf } from './length-schema.ts';
import type { Report } from './located-yaml.ts';
import { paceOf } from './pace.ts';
import { MAX_REQUESTS } from './schema-parts.ts';
import { TRACE_KEYS, traceWorkloadOf } from './trace-workload.ts';
import type { WorkloadFile } from './workload-schema.ts';
import type { LengthSpec, SyntheticWorkload, WorkloadSpec } from './workload-spec.ts';

/** What a scenario without a workload runs; `vllm bench serve`'s lengths at a rate that a laptop GPU meets. */
export const DEFAULT_WORKLOAD: SyntheticWorkload = {
  kind: 'synthetic',
  numRequests: 200,
  arrival: { kind: 'poisson', ratePerSecond: 4, burstiness: 1 },
  promptTokens: { kind: 'lognormal', median: 512, sigma: 0.8, max: 4096 },
  outputTokens: { kind: 'lognormal', median: 128, sigma: 0.8, max: 1024 },
  sharedPrefix: { count: 1, tokens: 64 },
  turns: 1,
  thinkTime: { kind: 'fixed', ns: 0 },
  users: null,
  bursts: [],
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

/** The workload that the checked keys describe. Keys that contradict each other are reported. */
export function workloadOf(file: WorkloadFile, report: Report): WorkloadSpec {
  const requests =
    file.trace === undefined ? syntheticOf(file, report) : traceWorkloadOf(file.trace, file, report);
  const { 'reset-prefix-cache': at, 'reset-running-requests': preemptRunning, goodput } = file;
  const maxConcurrency = file['max-concurrency'];
  if (at === undefined && preemptRunning !== undefined) {
    report(['workload', 'reset-running-requests'], 'goes with reset-prefix-cache', null, true);
  }
  const atNs = at === undefined ? [] : (typeof at === 'number' ? [at] : at).toSorted((a, b) => a - b);
  return {
    ...requests,
    ...(at !== undefined && { cacheResets: { atNs, preemptRunning: preemptRunning ?? false } }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    ...(goodput && { goodput }),
  };
}

function syntheticOf(file: WorkloadFile, report: Report): SyntheticWorkload {
  const given = Object.keys(file) as (keyof WorkloadFile)[];
  for (const key of TRACE_KEYS) {
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
  const ratio = file['random-range-ratio'] ?? 0;
  const ratios = typeof ratio === 'number' ? { input: ratio, output: ratio } : ratio;
  const numRequests = file['num-prompts'] ?? NUM_PROMPTS;
  const turns = file.turns ?? 1;
  const all = (file.events ?? []).reduce((sum, { burst }) => sum + burst, numRequests);
  if (all > MAX_REQUESTS)
    report(['workload', 'events'], `${all} requests in all; at most ${MAX_REQUESTS} are allowed`);
  const prefixTokens = repeats
    ? (file['prefix-repetition-prefix-len'] ?? PREFIX_REPETITION.prefixLen)
    : (file['random-prefix-len'] ?? 0);
  const prefixCount = repeats ? (file['prefix-repetition-num-prefixes'] ?? PREFIX_REPETITION.prefixes) : 1;
  const prompt = repeats
    ? spread(file['prefix-repetition-suffix-len'] ?? PREFIX_REPETITION.suffixLen, 0)
    : spread(file['random-input-len'] ?? RANDOM_INPUT_LEN, ratios.input);
  const output = repeats
    ? spread(file['prefix-repetition-output-len'] ?? PREFIX_REPETITION.outputLen, 0)
    : spread(file['random-output-len'] ?? RANDOM_OUTPUT_LEN, ratios.output);
  return {
    kind: 'synthetic',
    numRequests,
    ...paceOf(file, numRequests, turns, report),
    bursts: (file.events ?? []).map(({ at, burst }) => ({ atNs: at, requests: burst })),
    promptTokens: file['input-len'] === undefined ? prompt : lengthOf(file['input-len']),
    outputTokens: file['output-len'] === undefined ? output : lengthOf(file['output-len']),
    sharedPrefix: { count: prefixTokens === 0 ? 0 : prefixCount, tokens: prefixTokens },
    turns,
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
function spread(length: number, ratio = 0): LengthSpec {
  if (ratio === 0) return { kind: 'fixed', tokens: length };
  return {
    kind: 'uniform',
    min: Math.max(1, Math.floor(length * (1 - ratio))),
    max: Math.max(1, Math.ceil(length * (1 + ratio))),
  };
}
