import type { RankStrip } from '../memory/rank-strip.ts';
import type { ServingAllocator } from '../memory/serving/serving-allocator.ts';
import type { ExpertMap } from '../moe/expert-map.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import type { SchedulerSwitch } from '../scheduler/switch.ts';
import type { RooflineInput } from '../time/roofline.ts';
import type { EventColumns, RequestColumns, SpanColumns, StepColumns } from './tables.ts';

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
