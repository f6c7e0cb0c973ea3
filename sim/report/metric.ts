import type { Recording } from '../recording/recording.ts';
import type { RequestColumns } from '../recording/tables.ts';
import type { Summary } from './summary.ts';
import type { TokenIntervals } from './token-intervals.ts';

/** What a value counts; times are seconds, shares lie in [0, 1]. */
export type Unit =
  | 'seconds'
  | 'share'
  | 'bytes'
  | 'ratio'
  | 'tokens'
  | 'requests'
  | 'blocks'
  | 'steps'
  | 'times'
  | 'per second';

interface MetricBase {
  readonly name: string;
  /** The same under other names: of the other vLLM, or with the `_total` that Prometheus adds. */
  readonly aliases?: readonly string[];
  readonly unit: Unit;
  readonly about: string;
  /** Read off the events, which long runs leave out unless they are asked for. */
  readonly needsEvents?: boolean;
  /** Upper bounds of vLLM's histogram, where it has one; 'lengths' depend on max_model_len. */
  readonly buckets?: readonly number[] | 'lengths';
}

/**
 * A number that a run has, and how it is read off its recording: a sample of each request, token or step (NaN: none), a
 * gauge after each step's schedule() that counts as long as the step takes, or one total.
 */
export type Metric = MetricBase &
  (
    | {
        readonly kind: 'request';
        readonly read: (requests: RequestColumns, i: number) => number;
        /** The part of a request's life that it measures, where what happens then explains it. */
        readonly span?: 'first-token' | 'decode' | 'whole';
      }
    | { readonly kind: 'step'; readonly read: (recording: Recording, step: number) => number }
    /** A sample of each token of a request but its first. */
    | { readonly kind: 'token'; readonly read: (recording: Recording) => TokenIntervals }
    | { readonly kind: 'gauge'; readonly read: (recording: Recording) => ((step: number) => number) | null }
    | { readonly kind: 'total'; readonly read: (summary: Summary, recording: Recording) => number | null }
  );
