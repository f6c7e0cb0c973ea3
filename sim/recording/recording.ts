import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';

/** What happened to a block or a request, in the order in which it happened. */
export const EventKind = {
  /** request a joined the back of the waiting queue. */
  Arrive: 0,
  /** request a left the front end's hands unscheduled (prompt too long for max_model_len). */
  Reject: 1,
  /** request a moved from waiting to running with b cached tokens; c = its predecessor in waiting + 1. */
  Admit: 2,
  /** request a schedules tokens otherwise than its last span foretold; b = row of the new span. */
  Span: 3,
  /** request a took block b from the head of the free queue; c = chain that the block lost (0: none). */
  Allocate: 4,
  /** request a touched cached block b; c = its predecessor in the free queue + 1 (0: it was in use). */
  Hit: 5,
  /** request a's table got the null block at its end. */
  Null: 6,
  /** block b entered the prefix cache as chain c. */
  Cache: 7,
  /** request a gave up block b, the last entry of its table. */
  Free: 8,
  /** request a replaced position c of its table, block b, by the null block (left the sliding window). */
  Drop: 9,
  /** request a lost its blocks and went back to waiting; c = its predecessor in running + 1. */
  Preempt: 10,
  /** request a ended; b = outputs; c = its predecessor in running (or waiting) + 1. */
  Finish: 11,
  /** request a was aborted; c = its predecessor in running or waiting + 1. */
  Abort: 12,
  /** b of the tokens counted as computed for request a were rejected drafts. */
  Rollback: 13,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Why phase B (admission) of a step ended. */
export const AdmissionStop = {
  QueueEmpty: 0,
  BudgetExhausted: 1,
  MaxNumSeqs: 2,
  /** Fewer free blocks than the head of the queue needs. */
  NoFreeBlocks: 3,
  /** Chunked prefill is off and the head does not fit into what is left of the budget. */
  PromptExceedsBudget: 4,
  /** Somebody was preempted in this step. */
  Preempted: 5,
} as const;
export type AdmissionStop = (typeof AdmissionStop)[keyof typeof AdmissionStop];

/** One row per engine step. Columns are as long as numSteps. */
export interface StepColumns {
  /** Simulated time at which the step starts and ends, integer nanoseconds. */
  startNs: Float64Array;
  endNs: Float64Array;
  /** Events up to here (exclusive) belong to this step's schedule() or to before it. */
  scheduleEnd: Uint32Array;
  /** Events up to here (exclusive) include the application of this step's outputs. */
  eventEnd: Uint32Array;
  numScheduledTokens: Uint32Array;
  numScheduledRequests: Uint32Array;
  numRunning: Uint32Array;
  numWaiting: Uint32Array;
  /** Free blocks after schedule(), cached ones included. */
  numFreeBlocks: Uint32Array;
  /** Free blocks that still hold cached content. */
  numCachedFreeBlocks: Uint32Array;
  /** Token slots in request tables without a token, in the block that is being filled … */
  internalWasteSlots: Uint32Array;
  /** … and in whole blocks beyond it (look-ahead, rejected drafts). */
  reservedSlots: Uint32Array;
  /** AdmissionStop. */
  admissionStop: Uint8Array;
}

/** One row per event: kind (low 4 bits EventKind, high 4 bits KV cache group) and three operands. */
export interface EventColumns {
  kind: Uint8Array;
  a: Uint32Array;
  b: Uint32Array;
  c: Uint32Array;
}

/**
 * Piecewise description of how a request advances: from `step` on it has `computed` tokens, schedules
 * `tokens` in that step, and then `rate` tokens in each later step until its next span.
 */
export interface SpanColumns {
  request: Uint32Array;
  step: Uint32Array;
  computed: Uint32Array;
  tokens: Uint32Array;
  rate: Uint8Array;
  /** Row of the request's previous span + 1; 0 = none. */
  previous: Uint32Array;
}

export const Outcome = { Unfinished: 0, Finished: 1, Aborted: 2, Rejected: 3 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** One row per request of the workload. Times are integer nanoseconds, NaN where it never happened. */
export interface RequestColumns {
  arrivalNs: Float64Array;
  firstScheduledNs: Float64Array;
  firstTokenNs: Float64Array;
  endNs: Float64Array;
  numPromptTokens: Uint32Array;
  maxTokens: Uint32Array;
  numOutputTokens: Uint32Array;
  /** Prompt tokens that came from the prefix cache at the first admission. */
  numCachedTokens: Uint32Array;
  numPreemptions: Uint32Array;
  /** Outcome. */
  outcome: Uint8Array;
}

/** How the run as a whole ended. `hang`: requests wait that can never be scheduled. */
export type RunEnd = 'drained' | 'step-limit' | 'hang' | 'cancelled';

export interface RecordingHeader {
  readonly formatVersion: 1;
  readonly name: string;
  readonly seed: number;
  /** The `vllm:` version whose rules were followed. */
  readonly vllm: string;
  readonly pool: PoolConfig;
  readonly scheduler: SchedulerConfig;
  readonly end: RunEnd;
  /** Facts for the reader that the engine does not use: model, GPU, command line, notes. */
  readonly about: Readonly<Record<string, string>>;
  /** Prefix-cache totals as vLLM counts them (tokens). */
  readonly prefixCacheQueries: number;
  readonly prefixCacheHits: number;
}

/** Everything that a run decided. All that a reader needs; immutable once made. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly requestIds: readonly string[];
  readonly numSteps: number;
  readonly numEvents: number;
  readonly steps: StepColumns;
  readonly events: EventColumns;
  readonly spans: SpanColumns;
  readonly requests: RequestColumns;
}
