import { InputError, type Problem } from '../../sim/error.ts';
import { type Cost, costOf } from '../../sim/report/cost.ts';
import { findMetric } from '../../sim/report/metrics.ts';
import { measure } from '../../sim/report/series.ts';
import type { Summary } from '../../sim/report/summary.ts';
import { comparesWithBaseline, type StartFailure } from '../../sim/scenario/expectations.ts';
import type { Override } from '../../sim/scenario/overrides.ts';
import { limitReached } from '../limits.ts';
import { foundLine } from '../reporters/findings.ts';
import { runScenario } from '../run-scenario.ts';
import type { SeedRun } from '../run-seed.ts';
import { type Bundle, type BundledScenario, bundleReader } from './bundle.ts';

/** What became of a check at a point. */
export interface PointCheck {
  readonly metric: string;
  readonly check: string;
  readonly severity: 'error' | 'warning';
  readonly passed: boolean;
  readonly actual: number | null;
  readonly bound: number | null;
  /** What was expected and found, in words. */
  readonly found: string;
}

/** What became of a point: plain data, the same wherever it was computed. */
export interface PointResult {
  readonly passed: boolean;
  /** Why it does not start; null if it does. */
  readonly because: StartFailure | null;
  readonly numGpuBlocks: number | null;
  /** Starts, hangs and crashes that were not expected. */
  readonly outcomes: readonly string[];
  readonly checks: readonly PointCheck[];
  readonly seeds: readonly {
    readonly seed: number;
    readonly summary: Summary | null;
    readonly cost: Cost | null;
  }[];
  /** What the trends of the sweep look at, in their order: means over the seeds; null: no samples. */
  readonly measured: readonly (number | null)[];
}

/** A point with its result; `index` from 0. */
export interface Row {
  readonly index: number;
  readonly result: PointResult;
}

/** What a worker answers; errors as data, since they come from other processes and machines. */
export type PointOutcome =
  /** The result, as JSON. */
  | { readonly kind: 'done'; readonly result: string }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  | { readonly kind: 'limit'; readonly message: string }
  | { readonly kind: 'fault'; readonly message: string };

/** Runs points of a bundle. */
export function pointRunner(bundle: Bundle): (overrides: readonly Override[]) => PointOutcome {
  const read = bundleReader(bundle);
  return (overrides) => {
    try {
      return { kind: 'done', result: JSON.stringify(runPoint(read(overrides))) };
    } catch (error) {
      return outcomeOf(error);
    }
  };
}

/** What an error of a simulation, or of the worker that ran it, says of a point. */
export function outcomeOf(error: unknown): PointOutcome {
  if (error instanceof InputError) return { kind: 'invalid', problems: error.problems };
  const limit = limitReached(error);
  if (limit !== null) return { kind: 'limit', message: limit };
  return { kind: 'fault', message: (error as Error).stack ?? String(error) };
}

function runPoint({ scenario, readFile, baseline, trends }: BundledScenario): PointResult {
  const compares = comparesWithBaseline(scenario.expect) !== null;
  const run = runScenario(scenario, compares ? baseline : null, {
    readFile,
    events: false,
    reasons: false,
  });
  const [{ plan }] = run.runs;
  return {
    passed: run.passed,
    because: plan.starts ? null : plan.because,
    numGpuBlocks: plan.starts ? plan.pool.numGpuBlocks : null,
    outcomes: run.outcomes,
    checks: run.checks.map((check) => ({
      metric: check.expectation.metric,
      check: check.expectation.expression.text,
      severity: check.expectation.severity,
      passed: check.passed,
      actual: check.actual,
      bound: check.bound,
      found: foundLine(check),
    })),
    seeds: run.runs.map(({ seed, summary }) => ({
      seed,
      summary,
      cost: summary && costOf(scenario, summary),
    })),
    measured: trends.map(({ metric, aggregate }) => {
      const values = run.runs.map(
        ({ recording, summary }: SeedRun) =>
          recording && summary && measure(findMetric(metric)!, aggregate, recording, 0, summary),
      );
      return meanOf(values);
    }),
  };
}

/** null if there are none, or one is missing. */
export function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return values.length === 0 ? null : sum / values.length;
}
