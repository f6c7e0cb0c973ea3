import type { StepRow } from '../recording/recorder.ts';
import type { V0Traffic } from '../recording/recording.ts';
import type { BatchShape } from '../time/step-time.ts';
import type { SchedulerConfig } from './config.ts';

/**
 * What the engine asks of a scheduler: V1's, V0's and the contiguous baselines' are behind it. Requests are rows
 * of the workload. Where the real engine would die, any of the calls throws EngineCrash.
 */
export interface EngineScheduler {
  /** What the duration of the step that was scheduled last depends on. */
  readonly shape: BatchShape;
  readonly hasUnfinished: boolean;
  readonly numRunning: number;
  /** In the waiting queue. */
  readonly numWaiting: number;
  /** request → outputs so far; exact once `settle` was called. */
  readonly numOutputs: Int32Array;
  /** Tokens that were looked up in the prefix cache, and found, as vLLM's metrics count them. */
  readonly prefixCacheQueries: number;
  readonly prefixCacheHits: number;
  /** V0 only. */
  readonly traffic?: V0Traffic;
  /** Contiguous baselines only: how scattered the free slots are now. */
  waste?(): { readonly externalFragmentation: number; readonly largestFreeBlock: number };

  /** A request arrives. Its prompt is shorter than max_model_len. Times are integer nanoseconds. */
  add(request: number, arrivalNs: number): void;
  /** Its client gave up. False if the request is unknown or has ended. */
  abort(request: number): boolean;
  /** Somebody asks to empty the prefix cache. */
  resetPrefixCache(preemptRunning: boolean): void;
  /** Goes on with other settings, of those that can be switched; V1 only. */
  reconfigure?(config: SchedulerConfig): void;
  /** Makes the next batch; false if nobody is in it and nothing happened, so that there is no step. */
  schedule(now: number): boolean;
  /** What the step's row says of queues and pool, after schedule(). */
  describe(row: StepRow): void;
  /** Applies the outputs of the oldest batch in flight. */
  updateFromOutput(): void;
  /** @throws Error where the pool contradicts itself: see pool/invariants.ts. Takes long. */
  checkPool(): void;
  /** Brings every counter up to date. */
  settle(): void;
}

/** Told what becomes of requests, so that the engine can keep time without looking for it. */
export interface RequestListener {
  /** Admitted for the first time or again; the cache gave `numCached` tokens. */
  admitted(request: number, numCached: number): void;
  preempted(request: number): void;
  /** It sampled its first token. */
  firstToken(request: number): void;
  finished(request: number): void;
  /** The engine itself refused it: it can never be served. */
  ignored?(request: number): void;
}

/** How many of the drafts of a request's i-th verification step the model accepts. */
export type Acceptance = (request: number, verification: number, numDrafts: number) => number;
