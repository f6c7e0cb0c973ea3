import { CountedSamples } from '../math/counted-samples.ts';

/** Statistics of a set of samples; null where there are none. */
export interface Statistics {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentile with linear interpolation between samples (numpy's default). `sorted` ascends and is not empty. */
export function percentile(sorted: Float64Array, p: number): number {
  const at = ((sorted.length - 1) * p) / 100;
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/** Exact statistics; the samples are sorted in place. */
export function statisticsOf(samples: Float64Array): Statistics | null {
  if (samples.length === 0) return null;
  samples.sort();
  let sum = 0;
  for (const sample of samples) sum += sample;
  return {
    count: samples.length,
    mean: sum / samples.length,
    p50: percentile(samples, 50),
    p90: percentile(samples, 90),
    p99: percentile(samples, 99),
    max: samples[samples.length - 1],
  };
}

/** The same of values that occur several times each. */
export function countedStatistics(values: readonly number[], counts: readonly number[]): Statistics | null {
  if (values.length === 0) return null;
  const samples = new CountedSamples(values, counts);
  return {
    count: samples.count,
    mean: samples.mean,
    p50: samples.percentile(50),
    p90: samples.percentile(90),
    p99: samples.percentile(99),
    max: samples.percentile(100),
  };
}
