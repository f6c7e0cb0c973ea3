import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import type { Columns, TableTypes } from './column.ts';

/**
 * What happened to a block or a request, in the order in which it happened. "Predecessor + 1" is 0 where
 * there is none; it lets a reader undo the event exactly.
 */
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
  /**
   * request a touched cached block b; c = its predecessor in the free queue + 1 (the number of blocks + 1 at
   * the head), or 0: it was in use.
   */
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
  /** Block b lost its content c without being taken: the prefix cache was reset, or an import says so. */
  Evict: 14,
  /** Somebody asked to reset the prefix cache; a = 1 if it was, 0 if b blocks were in use. */
  ResetCache: 15,
  /** request a sends an image through the multimodal encoder: content b takes c embeddings of its cache. */
  EncoderCompute: 16,
  /** content b left the encoder cache; c embeddings are free. */
  EncoderEvict: 17,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** An event's `kind` column: the EventKind in its low byte, in its high byte a detail (see EVENT_COLUMNS). */
export const KIND_MASK = 0xff;
export const DETAIL_SHIFT = 8;

/** Where a request is in its life (vLLM `RequestStatus`). */
export const RequestState = { NotArrived: 0, Waiting: 1, Running: 2, Preempted: 3, Ended: 4 } as const;
export type RequestState = (typeof RequestState)[keyof typeof RequestState];

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
  /** The head's next image fits neither what is left of the encoder's budget nor its cache. */
  EncoderBudget: 6,
} as const;
export type AdmissionStop = (typeof AdmissionStop)[keyof typeof AdmissionStop];

/** One row per engine step. Columns are as long as numSteps. */
export const STEP_COLUMNS = {
  /** Simulated time at which the step starts and ends, integer nanoseconds. */
  startNs: 'f64',
  endNs: 'f64',
  /** Events up to here (exclusive) belong to this step's schedule() or to before it. */
  scheduleEnd: 'u32',
  /** Events up to here (exclusive) include the application of this step's outputs. */
  eventEnd: 'u32',
  numScheduledTokens: 'u32',
  numScheduledRequests: 'u32',
  numRunning: 'u32',
  numWaiting: 'u32',
  /** Free blocks after schedule(), cached ones included. */
  numFreeBlocks: 'u32',
  /** Free blocks that still hold cached content. */
  numCachedFreeBlocks: 'u32',
  /** Token slots in request tables without a token, in the block that is being filled … */
  internalWasteSlots: 'u32',
  /** … and in whole blocks beyond it (look-ahead, rejected drafts). */
  reservedSlots: 'u32',
  /** AdmissionStop. */
  admissionStop: 'u8',
  /** Free blocks that the first in the queue needed, where admissionStop is NoFreeBlocks; else 0. */
  admissionNeed: 'u32',
} as const satisfies TableTypes;
export type StepColumns = Columns<typeof STEP_COLUMNS>;

/**
 * One row per event: kind and three operands. The low byte of the kind is an EventKind; the high byte is the
 * KV cache group of a block event, and for Admit, Finish and Abort the RequestState before it.
 */
export const EVENT_COLUMNS = {
  kind: 'u16',
  a: 'u32',
  b: 'u32',
  c: 'u32',
} as const satisfies TableTypes;
export type EventColumns = Columns<typeof EVENT_COLUMNS>;

/**
 * Piecewise description of how a request advances: from `step` on it has `computed` tokens, schedules
 * `tokens` in that step, and then `rate` tokens in each later step until its next span.
 */
export const SPAN_COLUMNS = {
  request: 'u32',
  step: 'u32',
  computed: 'u32',
  tokens: 'u32',
  rate: 'u8',
  /** Row of the request's previous span + 1; 0 = none. */
  previous: 'u32',
} as const satisfies TableTypes;
export type SpanColumns = Columns<typeof SPAN_COLUMNS>;

export const Outcome = { Unfinished: 0, Finished: 1, Aborted: 2, Rejected: 3 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** One row per request of the workload. Times are integer nanoseconds, NaN where it never happened. */
export const REQUEST_COLUMNS = {
  arrivalNs: 'f64',
  firstScheduledNs: 'f64',
  firstTokenNs: 'f64',
  endNs: 'f64',
  numPromptTokens: 'u32',
  maxTokens: 'u32',
  /** Smaller is more urgent; orders the queue under the priority policy. */
  priority: 'i32',
  numOutputTokens: 'u32',
  /** Prompt tokens that came from the prefix cache at the first admission. */
  numCachedTokens: 'u32',
  numPreemptions: 'u32',
  /** Outcome. */
  outcome: 'u8',
} as const satisfies TableTypes;
export type RequestColumns = Columns<typeof REQUEST_COLUMNS>;

/** How the run as a whole ended. `hang`: requests wait that can never be scheduled. */
export type RunEnd = 'drained' | 'step-limit' | 'hang' | 'cancelled';

export interface RecordingHeader {
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
