import type { Gpu } from '../catalog/gpus.ts';
import type { Link, LinkTiming } from '../catalog/links.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { Place } from '../error.ts';
import type { GoodputSlos } from '../recording/recording.ts';
import type { TraceFile, TraceFormat } from '../trace/trace.ts';
import type { Calibration } from './calibration.ts';
import type { START_FAILURES } from './expect-schema.ts';
import type { MetricExpectation } from './expectations.ts';
import type { MoeSpec } from './moe.ts';
import type { ReplicasSpec } from './replicas.ts';
import type { StepTimeSpec } from './step-time.ts';
import type { SweepSpec } from './sweep.ts';

/** Versions of vLLM whose rules are modelled; "v1" is an alias of the newest. */
export type VllmVersion = '0.6.3' | '2026-05';

/** What the engine was told, after vLLM's own parsing: only what the user stated, nothing defaulted. */
export interface EngineFlags {
  /** Canonical snake_case flag name → parsed value, for flags that the version knows and Poolscope honours. */
  readonly honoured: Readonly<Record<string, FlagValue>>;
  /** Flags that the version knows and that touch neither memory nor scheduling: accepted, listed. */
  readonly ignored: readonly string[];
  /** Flags that this version does not know: vLLM would exit with "unrecognized arguments: …". */
  readonly unrecognized: readonly RefusedFlag[];
  /** Values that vLLM refuses: wrong type, or not among the choices of this version. */
  readonly invalid: readonly RefusedFlag[];
  /** Flags that change memory or scheduling, but not yet in Poolscope. */
  readonly unmodelled: readonly string[];
}
export type FlagValue = string | number | boolean | null | Readonly<Record<string, unknown>>;

/** What vLLM's own command line would refuse. */
export interface RefusedFlag {
  /** As argparse prints it. */
  readonly text: string;
  /** The nearest flag that exists, or why this one does not ("removed: use …"). */
  readonly advice: string;
}

/** Start-up outcomes other than success, as `expect: {starts: false, because: …}` names them. */
export type StartFailure = (typeof START_FAILURES)[number];

/** Length distribution of prompts or outputs, tokens. */
export type LengthSpec =
  | { readonly kind: 'fixed'; readonly tokens: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly max: number }
  /** Tokens at ascending shares, the first 0, the last 1; linear between them. */
  | { readonly kind: 'quantiles'; readonly shares: readonly number[]; readonly tokens: readonly number[] };

/** Times are integer nanoseconds. */
export type ArrivalSpec =
  | { readonly kind: 'burst'; readonly atNs: number }
  | { readonly kind: 'poisson'; readonly ratePerSecond: number; readonly burstiness: number }
  /** From one rate to another, over the requests. */
  | {
      readonly kind: 'ramp-up';
      readonly strategy: 'linear' | 'exponential';
      readonly startRps: number;
      readonly endRps: number;
      readonly burstiness: number;
    }
  /** The rate rises smoothly from low to high in half a period, and falls in the other half. */
  | {
      readonly kind: 'diurnal';
      readonly periodNs: number;
      readonly low: number;
      readonly high: number;
      readonly burstiness: number;
    };

/** A distribution of times, integer nanoseconds. */
export type DurationSpec =
  | { readonly kind: 'fixed'; readonly ns: number }
  | { readonly kind: 'uniform'; readonly minNs: number; readonly maxNs: number }
  | { readonly kind: 'exponential'; readonly meanNs: number }
  | { readonly kind: 'lognormal'; readonly medianNs: number; readonly sigma: number; readonly maxNs: number };

/** When requests come. */
export interface PaceSpec {
  readonly arrival: ArrivalSpec;
  /** A closed loop of so many users; null = requests come whether or not others were answered. */
  readonly users: number | null;
  /** Between an answer and what follows it: the next turn of a conversation, or the next request of a user. */
  readonly thinkTime: DurationSpec;
}

/** Seeded synthetic load. */
export interface SyntheticWorkload extends PaceSpec {
  readonly kind: 'synthetic';
  readonly numRequests: number;
  /** More requests, all at once. */
  readonly bursts: readonly { readonly atNs: number; readonly requests: number }[];
  readonly promptTokens: LengthSpec;
  readonly outputTokens: LengthSpec;
  /** Shared system prompts: each request starts with one of `count` prefixes of `tokens` tokens; count 0 = none. */
  readonly sharedPrefix: { readonly count: number; readonly tokens: number };
  /** Turns per conversation; 1 = independent requests. A turn quotes all that was said before. */
  readonly turns: number;
  /** Answers sampled per request (vLLM `n`). */
  readonly numSequences: number;
  /** They are beams, which die and split; V0 only. */
  readonly beamSearch: boolean;
  /** Images in the first turn of each conversation; null = text only. */
  readonly images: {
    readonly perRequest: number;
    /** Placeholder tokens of one. */
    readonly tokens: LengthSpec;
    /** How many different ones there are; null = no two are alike. */
    readonly distinct: number | null;
  } | null;
  /** Share of requests whose client gives up, and after how long. */
  readonly abort: { readonly share: number; readonly afterNs: number };
}

/** Requests read from a file, which the caller loads (sim opens no files). */
export interface TraceWorkload {
  readonly kind: 'trace';
  readonly path: string;
  /** null: told by the first line of the file. */
  readonly format: TraceFormat | null;
  /** Arrival times are multiplied by 1 / timeScale: 2 = twice as fast. */
  readonly timeScale: number;
  /** At most this many requests, from the start; null = all. */
  readonly limit: number | null;
  readonly timedTrace?: TraceFile['timedTrace'];
  /** In place of the file's times: always, or where it has none. null: as the file says, or all at once. */
  readonly pace: (PaceSpec & { readonly always: boolean }) | null;
}

export type WorkloadSpec = (SyntheticWorkload | TraceWorkload) & {
  /** Times at which somebody resets the prefix cache, integer nanoseconds, ascending. */
  readonly cacheResets?: { readonly atNs: readonly number[]; readonly preemptRunning: boolean };
  /** The client sends no more at a time (`vllm bench serve --max-concurrency`). */
  readonly maxConcurrency?: number;
  readonly goodput?: GoodputSlos;
};

/** A checked scenario: every field present, defaults of the format applied, vLLM's defaults not yet. */
export interface Scenario {
  readonly file: string;
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
  readonly expect: Expectations;
  /** Path, in the scenario's folder, of the scenario that expectations may compare with; null = none. */
  readonly baseline: string | null;
  /** File with the digests of its decisions, in the scenario's folder. */
  readonly golden: string | null;
  /** What `poolscope sweep` runs; null = nothing. A run ignores it. */
  readonly sweep: SweepSpec | null;
  /** Dotted path of a field → where it stands in the file, for problems that are found later. */
  readonly placeOf: (path: string) => Place | undefined;
  readonly allowUnmodelled: boolean;
  /** What the reader should know about how the file was understood. */
  readonly notes: readonly string[];
  /** The pool is checked in every step. */
  readonly strict: boolean;
  /** Why the scenario may take more than a second; null = it may not. */
  readonly slow: string | null;
}

export interface Expectations {
  /** null = not stated: a failed start is then an unexpected one. */
  readonly starts: boolean | null;
  readonly because: StartFailure | null;
  /** Part of vLLM's own words when it does not start. */
  readonly says: string | null;
  readonly gpuBlocks: BlockRange | null;
  /** V0's swap space. */
  readonly cpuBlocks: BlockRange | null;
  readonly metrics: readonly MetricExpectation[];
}

/** Least and most. */
export type BlockRange = readonly [least: number, most: number];
