import type { GoodputSlos } from '../recording/recording.ts';
import type { TraceFile, TraceFormat } from '../trace/trace.ts';
import { NS_PER_S } from '../units.ts';

/** Integer nanoseconds of simulated time fit into a double up to 104 days. */
export const MAX_DURATION_NS = 30 * 24 * 3600 * NS_PER_S;

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
