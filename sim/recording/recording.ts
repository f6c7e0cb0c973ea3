import type { RankStrip } from '../memory/rank-strip.ts';
import type { ServingAllocator } from '../memory/serving/serving-allocator.ts';
import type { ExpertMap } from '../moe/expert-map.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import type { SchedulerSwitch } from '../scheduler/switch.ts';
import type { RooflineInput } from '../time/roofline.ts';
import type { Columns, TableTypes } from './column.ts';
import type { Move, Queue } from './v0-listener.ts';

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
  /** b tokens that request a was to get will not come: rejected drafts, or outputs in flight when it was reset. */
  Rollback: 13,
  /** Block b lost its content c without being taken: the prefix cache was reset, or an import says so. */
  Evict: 14,
  /** Somebody asked to reset the prefix cache; a = 1 if it was, 0 if b blocks were in use. */
  ResetCache: 15,
  /** request a sends an image through the multimodal encoder: content b takes c embeddings of its cache. */
  EncoderCompute: 16,
  /** content b left the encoder cache; c embeddings are free. */
  EncoderEvict: 17,
  /**
   * V0: request a goes from one queue to another, for the reason and between the queues that the detail packs
   * (see packMove); b = its neighbour in front of it where it comes from + 1, c = where it goes to + 1.
   */
  Move: 18,
  /** V0: entry c of sequence a's table was block b, and was given up for another; the detail is a Replace. */
  Replace: 19,
  /** V0: … that is block b; c as for Hit or Allocate. Follows Replace. */
  ReplaceWith: 20,
  /** V0: the table of sequence b becomes a copy of sequence a's. */
  Fork: 21,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** An event's `kind` column: the EventKind in its low byte, in its high byte a detail (see EVENT_COLUMNS). */
export const KIND_MASK = 0xff;
export const DETAIL_SHIFT = 8;

/** Where a request is in its life (vLLM `RequestStatus`). */
export const RequestState = {
  NotArrived: 0,
  Waiting: 1,
  Running: 2,
  Preempted: 3,
  Ended: 4,
  /** V0: its blocks are on the CPU. */
  Swapped: 5,
} as const;
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
  /** V0: prompts wait while somebody is swapped out. */
  SwappedFirst: 7,
  /** V0: prompts wait until the last prompt step is paid off (delay_factor). */
  PromptDelay: 8,
} as const;
export type AdmissionStop = (typeof AdmissionStop)[keyof typeof AdmissionStop];

/**
 * What V0's events mean where they share a kind with V1's. `a` is a sequence's row (see `Workload.sequenceStart`),
 * NO_OWNER for the null block; the detail is a Device, and block ids count from 0 on each.
 *
 *   Allocate  c = 1: the block that the Evict before it emptied; 0: the top of the free stack
 *   Hit       c = 0: in use; else its neighbour in the evictor + 2 (1 at the front)
 *   Free      c = its position in the table; tables are released from the front and are empty then
 *   Cache     block b enters the prefix cache as chain c
 *   Evict     a = its neighbour in the evictor + 1; block b leaves it and the cache, where it was chain c
 */
export const NO_OWNER = 0xffffffff;

/** The detail of a Move event. */
export function packMove(why: Move, from: Queue, to: Queue): number {
  return why | (from << 4) | (to << 6);
}

export function unpackMove(detail: number): { why: Move; from: Queue; to: Queue } {
  return { why: (detail & 15) as Move, from: ((detail >> 4) & 3) as Queue, to: (detail >> 6) as Queue };
}

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

/** How the run as a whole ended. `hang`: requests wait that can never be scheduled. */
export type RunEnd = 'drained' | 'step-limit' | 'hang' | 'cancelled' | 'engine-crash';

/** How the simulated engine died. */
export interface Crash {
  readonly step: number;
  /** Class of vLLM's exception, and its message. */
  readonly error: string;
  readonly explanation: string;
}

/** What V0 is told beside what V1 knows too (vLLM 0.6.3). */
export interface V0Settings {
  /** Swap space; 0 = none. */
  readonly numCpuBlocks: number;
  /** Share of the GPU blocks that admission leaves free. */
  readonly watermark: number;
  /** null: recompute, but swap where several sequences run. */
  readonly preemptionMode: 'recompute' | 'swap' | null;
  /** Prompts wait this many times the duration of the last prompt step. */
  readonly delayFactor: number;
  /** Stop checks come one step late. */
  readonly asyncOutputProc: boolean;
}

/** Blocks that V0 moved, over the whole run. */
export interface V0Traffic {
  readonly swappedOut: number;
  readonly swappedIn: number;
  /** Copied because one sequence wrote where another read. */
  readonly copied: number;
  /** Sequences that were forked. */
  readonly forks: number;
}

/** What a request must keep to be a good one (`vllm bench serve --goodput`), integer nanoseconds. */
export interface GoodputSlos {
  readonly ttft?: number;
  readonly tpot?: number;
  readonly e2el?: number;
}

export interface RecordingHeader {
  readonly name: string;
  readonly seed: number;
  /** The `vllm:` version whose rules were followed. */
  readonly vllm: string;
  readonly pool: PoolConfig;
  readonly scheduler: SchedulerConfig;
  /** There where the scheduler went on with other settings; see schedulerAt(). */
  readonly switch?: SchedulerSwitch;
  /** There for runs of V0's engine only. */
  readonly v0?: V0Settings;
  readonly traffic?: V0Traffic;
  /** There where no paging took place: what served before it. A block is one slot then. */
  readonly contiguous?: {
    readonly policy: 'max' | 'pow2' | 'oracle' | 'static';
    readonly placement: 'first-fit' | 'best-fit' | 'buddy';
    /** Mean over the steps of the share of free slots that are not in the largest hole. */
    readonly externalFragmentation: number;
    /** The smallest that the largest hole has been, slots. */
    readonly leastLargestFree: number;
  };
  /** What the GPUs' memory went to, rank by rank. */
  readonly memory?: readonly RankStrip[];
  /** PyTorch's allocator while the run was served, by ranks that hold the same. */
  readonly allocators?: readonly ServingAllocator[];
  /** There where the model has experts: what they did. */
  readonly experts?: ExpertMap;
  /** There where several engines share the requests. */
  readonly replica?: {
    /** null: all of them together, without events. */
    readonly index: number | null;
    readonly count: number;
    readonly of: {
      readonly kind: 'replica' | 'data-parallel rank' | 'virtual engine';
      /** Who decides which one serves a request; vllm: vLLM itself. */
      readonly router: 'round-robin' | 'least-loaded' | 'prefix-aware' | 'vllm';
    };
  };
  /** There where the layers lie on the stages of a pipeline. */
  readonly pipeline?: {
    /** Stage → nanoseconds in which it computed. */
    readonly busyNs: readonly number[];
    /** Nanoseconds in which at least one batch was under way. */
    readonly activeNs: number;
  };
  readonly end: RunEnd;
  /** There where end is engine-crash. */
  readonly crash?: Crash;
  /** There where the analytic model timed the steps: what it was made of. */
  readonly timing?: RooflineInput;
  /** There where a table of measurements did: how many steps were outside of it and took its nearest edge's time. */
  readonly stepTable?: { readonly file: string; readonly numRows: number; readonly numClamped: number };
  /** There where the scenario says what a good request keeps, integer nanoseconds. */
  readonly goodput?: GoodputSlos;
  /** Facts for the reader that the engine does not use: model, GPU, command line, notes. */
  readonly about: Readonly<Record<string, string>>;
  /** Prefix-cache totals as vLLM counts them (tokens). */
  readonly prefixCacheQueries: number;
  readonly prefixCacheHits: number;
}

/** The settings with which a step was scheduled. */
export function schedulerAt({ scheduler, switch: later }: RecordingHeader, step: number): SchedulerConfig {
  return later !== undefined && step >= later.step ? later.to : scheduler;
}

/** Blocks that requests can have: V1 keeps the null block back, V0 has none. */
export function numUsableBlocks({ pool, v0 }: RecordingHeader): number {
  return v0 === undefined ? pool.numGpuBlocks - 1 : pool.numGpuBlocks;
}

/** Blocks on the GPU and behind them, on the CPU: what a cursor numbers. */
export function numAllBlocks({ pool, v0 }: RecordingHeader): number {
  return pool.numGpuBlocks + (v0?.numCpuBlocks ?? 0);
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

/** Events of a step's schedule(), and of what came before it since the outputs of the step before; end exclusive. */
export function stepEvents({ steps }: Recording, step: number): { begin: number; end: number } {
  return { begin: step === 0 ? 0 : steps.eventEnd[step - 1], end: steps.scheduleEnd[step] };
}
