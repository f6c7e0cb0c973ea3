import type { RankStrip } from '../memory/rank-strip.ts';
import type { V0Settings } from '../recording/recording.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import type { ContiguousConfig } from '../scheduler/contiguous/config.ts';
import type { Acceptance } from '../scheduler/engine-scheduler.ts';
import type { SchedulerSwitch } from '../scheduler/switch.ts';
import type { RooflineInput } from '../time/roofline.ts';
import type { StageTimes, StepTimeModel } from '../time/step-time.ts';
import type { Workload } from '../workload/workload.ts';

/** A run: what it is made of, all choices made. */
export interface SimulationInput {
  readonly name: string;
  readonly seed: number;
  readonly vllm: string;
  readonly pool: PoolConfig;
  readonly scheduler: SchedulerConfig;
  /** V1: other settings of the scheduler from a step on. */
  readonly switch?: SchedulerSwitch;
  /** Given: vLLM 0.6.3's engine runs, V0. */
  readonly v0?: V0Settings;
  /** Given: no paging, but one of what served before it; the pool's token slots are its memory. */
  readonly contiguous?: Pick<ContiguousConfig, 'policy' | 'placement'>;
  /** V0: sequences of a request are beams. */
  readonly beamSearch?: boolean;
  readonly workload: Workload;
  readonly stepTime: StepTimeModel;
  /** Given: the layers lie on the stages of a pipeline, and `stepTime` is not asked. */
  readonly stages?: StageTimes;
  readonly acceptance?: Acceptance;
  /** Requests to reset the prefix cache, by time. */
  readonly cacheResets?: readonly CacheReset[];
  /** Where stepTime comes from, if it is the analytic model. */
  readonly timing?: RooflineInput;
  /** Facts for the reader; see RecordingHeader. */
  readonly about?: Readonly<Record<string, string>>;
  readonly memory?: readonly RankStrip[];
  /** false: steps and requests only, without the events; enough for a summary, not for a cursor. */
  readonly events?: boolean;
  /** Without the scheduler's fast path, for tests that compare the two. */
  readonly plain?: boolean;
  /** The pool is checked in every step: see pool/invariants.ts. */
  readonly strict?: boolean;
  /** The run ends there with end = 'step-limit'. */
  readonly maxSteps?: number;
}

/** Somebody posts to /reset_prefix_cache. */
export interface CacheReset {
  /** Integer nanoseconds. */
  readonly atNs: number;
  /** Preempts all that run, as `reset_running_requests=true` does; else the reset fails while one holds a block. */
  readonly preemptRunning: boolean;
}
