import type { Recording } from '../recording/recording.ts';
import type { MetricExpectation } from '../scenario/expectations.ts';
import { boundOf, excess, usesBaseline } from '../scenario/expression.ts';
import type { Unit } from './metric.ts';
import { findMetric } from './metrics.ts';
import { measure } from './series.ts';
import { type Summary, summarize } from './summary.ts';

/** What a run with one seed came to, and the baseline's with the same seed; null if there is none. */
export interface SeededRun {
  readonly seed: number;
  readonly recording: Recording;
  readonly baseline: Recording | null;
}

/** A metric with one seed beside what it should be; null where there are no samples, or no baseline. */
export interface Measured {
  readonly seed: number;
  readonly actual: number | null;
  readonly bound: number | null;
}

/** What became of an expectation. */
export interface MetricCheck {
  readonly expectation: MetricExpectation;
  readonly unit: Unit | 'samples';
  readonly passed: boolean;
  /** That decides: the worst seed, or the mean of all. */
  readonly actual: number | null;
  readonly bound: number | null;
  /** The seed that is furthest on the wrong side. */
  readonly worst: Measured;
  /** Over the seeds; null if one has no samples. */
  readonly mean: number | null;
  readonly seeds: readonly Measured[];
  /** Why it failed, if not by its value: "no samples". */
  readonly problem: string | null;
}

/** Holds what runs came to against what was expected of them. No samples is a failure. `runs` is not empty. */
export function checkMetrics(
  expectations: readonly MetricExpectation[],
  runs: readonly SeededRun[],
): MetricCheck[] {
  const summaries = new Map<Recording, Summary>();
  const summaryOf = (recording: Recording) => {
    const summary = summaries.get(recording) ?? summarize(recording);
    summaries.set(recording, summary);
    return summary;
  };
  return expectations.map((expectation) => checkOne(expectation, runs, summaryOf));
}

function checkOne(
  expectation: MetricExpectation,
  runs: readonly SeededRun[],
  summaryOf: (recording: Recording) => Summary,
): MetricCheck {
  const { expression, afterNs, aggregate } = expectation;
  const { operator, bound } = expression;
  const metric = findMetric(expectation.metric);
  const read = (recording: Recording | null) =>
    recording && metric && measure(metric, expression.aggregate, recording, afterNs, summaryOf(recording));
  const seeds = runs.map(({ seed, recording, baseline }): Measured => {
    return {
      seed,
      actual: read(recording),
      bound: boundOf(bound, usesBaseline(bound) ? read(baseline) : null),
    };
  });
  const worst = seeds.reduce((a, b) => (excessOf(b, operator) > excessOf(a, operator) ? b : a));
  const mean = meanOf(seeds.map(({ actual }) => actual));
  const meant =
    aggregate === 'mean' ? { actual: mean, bound: meanOf(seeds.map((measured) => measured.bound)) } : worst;
  return {
    expectation,
    unit: expression.aggregate.name === 'count' ? 'samples' : (metric?.unit ?? 'samples'),
    passed: excessOf(meant, operator) <= 0,
    actual: meant.actual,
    bound: meant.bound,
    worst,
    mean,
    seeds,
    problem:
      meant.actual === null
        ? 'no samples'
        : meant.bound === null || Number.isNaN(meant.bound)
          ? 'the baseline has no samples'
          : null,
  };
}

/** How far it is on the wrong side; without a value it could not be further. */
function excessOf(
  { actual, bound }: Pick<Measured, 'actual' | 'bound'>,
  operator: Parameters<typeof excess>[1],
): number {
  if (actual === null || bound === null) return Number.POSITIVE_INFINITY;
  const by = excess(actual, operator, bound);
  return Number.isNaN(by) ? Number.POSITIVE_INFINITY : by;
}

function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}
