import type { Gpu } from '../catalog/gpus.ts';
import type { Link, LinkTiming } from '../catalog/links.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { Located, Place } from '../error.ts';
import type { Calibration } from './calibration.ts';
import type { Expectations } from './expectations.ts';
import type { VllmVersion } from './flags.ts';
import type { ForkSpec } from './fork.ts';
import type { MoeSpec } from './moe.ts';
import type { ReplicasSpec } from './replicas.ts';
import type { EngineFlags } from './stated-flags.ts';
import type { StepTimeSpec } from './step-time.ts';
import type { SweepSpec } from './sweep.ts';
import type { WorkloadSpec } from './workload-spec.ts';

/** A checked scenario: every field present, defaults of the format applied, vLLM's defaults not yet. */
export interface Scenario extends Located {
  readonly name: string;
  readonly vllm: VllmVersion;
  readonly seed: number;
  /** All that it is run with; `seed` is the first of them. */
  readonly seeds: readonly number[];
  /** What served before paging, in place of vLLM's engine; null = vLLM. */
  readonly contiguous: {
    readonly policy: 'max' | 'pow2' | 'oracle' | 'static';
    readonly placement: 'first-fit' | 'best-fit' | 'buddy';
  } | null;
  /** The command line as written, if the scenario has one. */
  readonly command: string | null;
  /** The file that the command comes from, and where it says it, if the scenario only names it. */
  readonly startedBy: { readonly file: string; readonly place?: Place } | null;
  readonly engine: EngineFlags;
  readonly hardware: {
    /** Id or alias in the catalogue, or the name of the given one. */
    readonly gpu: string;
    /** A GPU that the user describes; null = of the catalogue. */
    readonly given: Gpu | null;
    /** The user's own measurements; null = none. */
    readonly calibration: Calibration | null;
    /** What joins them, by name or with its figures; null = what usually does. */
    readonly link: Link | LinkTiming | null;
    readonly count: number;
    /** Memory that other processes hold, GiB, GPU by GPU; empty = none. */
    readonly otherGib: readonly number[];
    /** In whatever currency; null = not stated. */
    readonly pricePerGpuHour: number | null;
  };
  /** The hardware is that of each; null = one engine, or as many as vLLM starts itself. */
  readonly replicas: ReplicasSpec | null;
  /** GiB; null = not stated. A container's limit is that of its cgroup, without swap. */
  readonly host: { readonly memoryGib: number | null; readonly containerLimitGib: number | null };
  /** Environment variables of the server, by name. */
  readonly env: Readonly<Record<string, string>>;
  /** Name in the catalogue, or a config.json read by the caller. */
  readonly model: {
    readonly name: string;
    readonly config: ModelConfig | null;
    /** Dotted path of the field that names it. */
    readonly field: string;
  };
  readonly workload: WorkloadSpec;
  /** How experts are chosen, and experiments with them; without effect on dense models. */
  readonly moe: MoeSpec;
  readonly stepTime: StepTimeSpec;
  /** null = the scheduler keeps its flags. */
  readonly fork: ForkSpec | null;
  readonly expect: Expectations;
  /** Path, in the scenario's folder, of the scenario that expectations may compare with; null = none. */
  readonly baseline: string | null;
  /** File with the digests of its decisions, in the scenario's folder. */
  readonly golden: string | null;
  /** What `poolscope sweep` runs; null = nothing. A run ignores it. */
  readonly sweep: SweepSpec | null;
  readonly allowUnmodelled: boolean;
  /** What the reader should know about how the file was understood. */
  readonly notes: readonly string[];
  /** The pool is checked in every step. */
  readonly strict: boolean;
  /** Why the scenario may take more than a second; null = it may not. */
  readonly slow: string | null;
}
