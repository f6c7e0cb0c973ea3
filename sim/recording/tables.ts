import type { Columns, TableTypes } from './column.ts';

/* The columns of a recording. */

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
  /** V0: prompts wait while somebody is swapped out. */
  SwappedFirst: 7,
  /** V0: prompts wait until the last prompt step is paid off (delay_factor). */
  PromptDelay: 8,
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
  /** 1: a step of V0 that computes prompts only; who decodes stands still. */
  isPromptStep: 'u8',
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
 * `tokens` in that step, and then `rate` tokens in each later step until its next span, but for prompt steps.
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

/** Elsewhere: another replica of the engine had the request, and its recording tells of it. */
export const Outcome = { Unfinished: 0, Finished: 1, Aborted: 2, Rejected: 3, Elsewhere: 4 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** One row per request of the workload. Times are integer nanoseconds, NaN where it never happened. */
export const REQUEST_COLUMNS = {
  arrivalNs: 'f64',
  firstScheduledNs: 'f64',
  firstTokenNs: 'f64',
  endNs: 'f64',
  numPromptTokens: 'u32',
  /** Sampled in parallel (vLLM `n`); 0 in recordings of older versions. */
  numSequences: 'u16',
  maxTokens: 'u32',
  /** Smaller is more urgent; orders the queue under the priority policy. */
  priority: 'i32',
  /** Of all its sequences. */
  numOutputTokens: 'u32',
  /** Prompt tokens that came from the prefix cache at the first admission. */
  numCachedTokens: 'u32',
  numPreemptions: 'u32',
  /** Outcome. */
  outcome: 'u8',
} as const satisfies TableTypes;
export type RequestColumns = Columns<typeof REQUEST_COLUMNS>;
