import {
  type Crash,
  numUsableBlocks,
  type Recording,
  type RunEnd,
  type V0Traffic,
} from '../recording/recording.ts';
import { Outcome } from '../recording/tables.ts';
import { NS_PER_S } from '../units.ts';
import { type AllocatorSummary, summarizeAllocators } from './allocator-summary.ts';
import { type Goodput, goodputOf } from './goodput.ts';
import { endToEnd, queueTime, timePerOutputToken, timeToFirstToken } from './latency.ts';
import { countedStatistics, type Statistics, statisticsOf } from './statistics.ts';
import { tokenIntervals } from './token-intervals.ts';

/** What a run came to. Times in seconds, shares in [0, 1]; null where there are no samples. */
export interface Summary {
  readonly end: RunEnd;
  /** How the simulated engine died; null if it did not. */
  readonly crash: Crash | null;
  readonly requests: {
    readonly total: number;
    readonly finished: number;
    readonly aborted: number;
    readonly rejected: number;
    readonly unfinished: number;
  };
  readonly numSteps: number;
  readonly simulatedSeconds: number;
  /** From the first step to the end of the last. */
  readonly throughput: {
    readonly requestsPerSecond: number;
    readonly outputTokensPerSecond: number;
    readonly totalTokensPerSecond: number;
  } | null;
  /** Where the scenario says what a good request keeps. */
  readonly goodput: Goodput | null;
  readonly timeToFirstToken: Statistics | null;
  /** Per request, over its outputs after the first. */
  readonly timePerOutputToken: Statistics | null;
  /** Per token after the first of its request; null without events. */
  readonly interTokenLatency: Statistics | null;
  readonly endToEnd: Statistics | null;
  readonly queueTime: Statistics | null;
  /**
   * Share of the usable blocks (the null block is none) that are in use, weighted by the time of steps: idle
   * time between steps has no weight.
   */
  readonly kvCacheUse: { readonly mean: number; readonly max: number } | null;
  /** Tokens found in the prefix cache by those looked up; null if caching is off. */
  readonly prefixHitRate: number | null;
  readonly numPreemptions: number;
  /** V0: blocks moved between GPU and CPU, and copied; null for V1. */
  readonly traffic: V0Traffic | null;
  /** The stages of a pipeline; null where there is one. */
  readonly pipeline: PipelineSummary | null;
  /** What the pool's token slots were, weighted by the time of steps; sums to 1. */
  readonly slots: SlotShares | null;
  /** PyTorch's allocator, in which the pool is one of many tenants. */
  readonly allocator: AllocatorSummary | null;
}

/** Shares of the time in which at least one batch is under way. */
export interface PipelineSummary {
  /** Stage → share in which it computes. */
  readonly busy: readonly number[];
  /** Share in which the stages wait, mean of all. */
  readonly bubbles: number;
}

/** Kinds of token slots of the pool. */
export interface SlotShares {
  readonly tokens: number;
  /** Empty slots of the block that a request is filling. */
  readonly internal: number;
  /** Whole blocks held for tokens to come (look-ahead, rejected drafts). */
  readonly reserved: number;
  /** Free blocks whose content the prefix cache still knows. */
  readonly cachedFree: number;
  readonly free: number;
}

/** Sums up a recording. */
export function summarize(recording: Recording): Summary {
  const { header, requests, steps, numSteps } = recording;
  const ofOutcome = (outcome: Outcome) => requests.outcome.reduce((n, o) => (o === outcome ? n + 1 : n), 0);
  const startNs = numSteps > 0 ? steps.startNs[0] : 0;
  // The steps of several engines are in the order in which they start.
  let endNs = 0;
  for (let step = 0; step < numSteps; step++) endNs = Math.max(endNs, steps.endNs[step]);
  const finished = ofOutcome(Outcome.Finished);
  return {
    end: header.end,
    crash: header.crash ?? null,
    requests: {
      total: requests.outcome.length - ofOutcome(Outcome.Elsewhere),
      finished,
      aborted: ofOutcome(Outcome.Aborted),
      rejected: ofOutcome(Outcome.Rejected),
      unfinished: ofOutcome(Outcome.Unfinished),
    },
    numSteps,
    simulatedSeconds: endNs / NS_PER_S,
    throughput: throughputOf(recording, finished, (endNs - startNs) / NS_PER_S),
    goodput: goodputOf(recording, (endNs - startNs) / NS_PER_S),
    ...latenciesOf(recording),
    kvCacheUse: kvCacheUseOf(recording),
    prefixHitRate:
      header.pool.enablePrefixCaching && header.prefixCacheQueries > 0
        ? header.prefixCacheHits / header.prefixCacheQueries
        : null,
    numPreemptions: requests.numPreemptions.reduce((sum, n) => sum + n, 0),
    traffic: header.traffic ?? null,
    pipeline: pipelineOf(recording),
    slots: slotSharesOf(recording),
    allocator: summarizeAllocators(recording),
  };
}

function pipelineOf({ header: { pipeline } }: Recording): PipelineSummary | null {
  if (pipeline === undefined || pipeline.activeNs === 0) return null;
  const busy = pipeline.busyNs.map((ns) => ns / pipeline.activeNs);
  return { busy, bubbles: 1 - busy.reduce((sum, share) => sum + share, 0) / busy.length };
}

function throughputOf({ requests }: Recording, finished: number, seconds: number): Summary['throughput'] {
  if (seconds <= 0) return null;
  let outputTokens = 0;
  let promptTokens = 0;
  for (let i = 0; i < requests.outcome.length; i++) {
    outputTokens += requests.numOutputTokens[i];
    if (!Number.isNaN(requests.firstTokenNs[i])) promptTokens += requests.numPromptTokens[i];
  }
  return {
    requestsPerSecond: finished / seconds,
    outputTokensPerSecond: outputTokens / seconds,
    totalTokensPerSecond: (outputTokens + promptTokens) / seconds,
  };
}

function latenciesOf(recording: Recording) {
  const { requests } = recording;
  const intervals = tokenIntervals(recording);
  const samples = (duration: typeof timeToFirstToken) => {
    const values = Array.from(requests.outcome.keys(), (i) => duration(requests, i));
    return statisticsOf(Float64Array.from(values.filter((value) => !Number.isNaN(value))));
  };
  return {
    timeToFirstToken: samples(timeToFirstToken),
    timePerOutputToken: samples(timePerOutputToken),
    interTokenLatency: countedStatistics(
      intervals.ns.map((ns) => ns / NS_PER_S),
      intervals.counts,
    ),
    endToEnd: samples(endToEnd),
    queueTime: samples(queueTime),
  };
}

function kvCacheUseOf({ header, steps, numSteps }: Recording): Summary['kvCacheUse'] {
  const usable = numUsableBlocks(header);
  let busyNs = 0;
  let weighted = 0;
  let most = 0;
  for (let step = 0; step < numSteps; step++) {
    const ns = steps.endNs[step] - steps.startNs[step];
    const use = (usable - steps.numFreeBlocks[step]) / usable;
    busyNs += ns;
    weighted += use * ns;
    if (use > most) most = use;
  }
  return busyNs > 0 && usable > 0 ? { mean: weighted / busyNs, max: most } : null;
}

function slotSharesOf({ header, steps, numSteps }: Recording): SlotShares | null {
  // Slots of a pool are only comparable where all blocks hold equally many tokens.
  const { groups } = header.pool;
  const { blockSize } = groups[0];
  const slots = numUsableBlocks(header) * blockSize;
  if (slots <= 0 || groups.some((group) => group.blockSize !== blockSize)) return null;
  let busyNs = 0;
  let internal = 0;
  let reserved = 0;
  let cachedFree = 0;
  let free = 0;
  for (let step = 0; step < numSteps; step++) {
    const ns = steps.endNs[step] - steps.startNs[step];
    busyNs += ns;
    internal += steps.internalWasteSlots[step] * ns;
    reserved += steps.reservedSlots[step] * ns;
    cachedFree += steps.numCachedFreeBlocks[step] * blockSize * ns;
    free += (steps.numFreeBlocks[step] - steps.numCachedFreeBlocks[step]) * blockSize * ns;
  }
  if (busyNs === 0) return null;
  const share = (weighted: number) => weighted / busyNs / slots;
  const parts = {
    internal: share(internal),
    reserved: share(reserved),
    cachedFree: share(cachedFree),
    free: share(free),
  };
  return { tokens: 1 - parts.internal - parts.reserved - parts.cachedFree - parts.free, ...parts };
}
