import { digestOf } from '../sim/recording/codec.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { checkMetrics, type MetricCheck, type SeededRun } from '../sim/report/check-metrics.ts';
import { failedExpectations } from '../sim/report/expectations.ts';
import { findMetric } from '../sim/report/metrics.ts';
import { measure } from '../sim/report/series.ts';
import { type Why, whyMetric } from '../sim/report/why.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import type { GoldenCheck } from './golden.ts';
import type { Loaded } from './load.ts';
import { runSeed, type SeedHooks, type SeedRun } from './run-seed.ts';

/** Events of longer runs are not kept to look for a reason. */
const MOST_STEPS_EXPLAINED = 200_000;

/** A check with the reason for its failure, and the engine in which it lies if there are several. */
export interface Check extends MetricCheck {
  readonly why: (Why & { readonly engine: number | null }) | null;
}

/** What became of a scenario. */
export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly runs: readonly SeedRun[];
  /** Starts, hangs and crashes that were not expected. */
  readonly outcomes: readonly string[];
  readonly checks: readonly Check[];
  /** The comparison with the golden file that the scenario names; null if it names none. */
  readonly golden: GoldenCheck | null;
  readonly passed: boolean;
  readonly digest: string | null;
  /** What `poolscope explain` must be told to see the same run; null if it cannot. */
  readonly explainWith: readonly string[] | null;
}

export interface RunHooks extends SeedHooks, Partial<Pick<ScenarioRun, 'explainWith'>> {
  /** Compares with the golden file at the path that the scenario names. */
  readonly compareGolden?: (path: string, runs: readonly SeedRun[]) => GoldenCheck;
  /** Look for the reasons of failed checks, which may take another run; unless false. */
  readonly reasons?: boolean;
}

/** Runs a scenario with all its seeds, its baseline beside it, and checks what it expects. */
export function runScenario(scenario: Scenario, baseline: Loaded | null, hooks: RunHooks): ScenarioRun {
  const needsEvents = scenario.expect.metrics.some(({ metric }) => findMetric(metric)?.needsEvents);
  const { golden: goldenFile } = scenario;
  const events = hooks.events || needsEvents || goldenFile !== null;
  const { runs, seeded } = runSeeds(scenario, baseline, { ...hooks, events });
  const outcomes = [...new Set(runs.flatMap((run) => failedExpectations(scenario, run.plan, run.summary)))];
  const checked = seeded.length > 0 ? checkMetrics(scenario.expect.metrics, seeded) : [];
  const explained = new Map<number, readonly Recording[]>();
  const checks = checked.map((check): Check => {
    if (check.passed || check.problem !== null || hooks.reasons === false) return { ...check, why: null };
    const { seed } = check.worst;
    const known = explained.get(seed);
    const engines = known === undefined ? withEvents({ ...scenario, seed }, runs, hooks) : known;
    explained.set(seed, engines);
    return { ...check, why: whyOf(check, engines) };
  });
  const gates = checks.some(({ passed, expectation }) => !passed && expectation.severity === 'error');
  const golden = goldenFile === null ? null : (hooks.compareGolden?.(goldenFile, runs) ?? null);
  const first = runs[0].recording;
  return {
    scenario,
    runs,
    outcomes,
    checks,
    golden,
    passed: outcomes.length === 0 && !gates && golden?.passed !== false,
    digest: first && events ? digestOf(first) : null,
    explainWith: hooks.explainWith ?? null,
  };
}

/** Seed after seed, until a check that aborts fails. */
function runSeeds(scenario: Scenario, baseline: Loaded | null, hooks: RunHooks) {
  const aborting = scenario.expect.metrics.filter(({ abortOnFail }) => abortOnFail);
  const runs: SeedRun[] = [];
  const seeded: SeededRun[] = [];
  for (const [i, seed] of scenario.seeds.entries()) {
    const run = runSeed({ ...scenario, seed }, i === 0 ? hooks : { ...hooks, kvEvents: undefined });
    runs.push(run);
    if (run.recording === null) continue;
    const other =
      baseline &&
      runSeed({ ...baseline.scenario, seed }, { ...hooks, readFile: baseline.readFile, kvEvents: undefined });
    seeded.push({ seed, recording: run.recording, baseline: other?.recording ?? null });
    const left = scenario.seeds.slice(i + 1);
    const failed = checkMetrics(aborting, seeded.slice(-1)).find(({ passed }) => !passed);
    if (failed === undefined || left.length === 0) continue;
    const { metric, expression } = failed.expectation;
    const note = `abort-on-fail: ${metric}: ${expression.text} fails with seed ${seed}; not run: ${left.join(', ')}`;
    runs[0] = { ...runs[0], plan: { ...runs[0].plan, notes: [...runs[0].plan.notes, note] } };
    break;
  }
  return { runs, seeded };
}

/** The same run again, with the events of its engines; none if it is too long for that. */
function withEvents(scenario: Scenario, runs: readonly SeedRun[], hooks: RunHooks): readonly Recording[] {
  const run = runs.find(({ seed }) => seed === scenario.seed);
  if (run === undefined || run.recording === null) return [];
  if (run.replicas.some(({ numEvents }) => numEvents > 0)) return run.replicas;
  if (run.recording.numSteps > MOST_STEPS_EXPLAINED) return [];
  const { readFile, progress, tick } = hooks;
  return runSeed(scenario, { readFile, progress, tick, events: true }).replicas;
}

/** The reason, in the engine in which the metric is at its worst. */
function whyOf({ expectation }: MetricCheck, engines: readonly Recording[]): Check['why'] {
  const metric = findMetric(expectation.metric);
  if (metric === null || engines.length === 0) return null;
  const { afterNs, expression } = expectation;
  const low = expression.operator.startsWith('>');
  const extreme = { name: metric.kind === 'total' ? 'value' : low ? 'min' : 'max', p: 0 } as const;
  const values = engines.map((recording) => measure(metric, extreme, recording, afterNs));
  let worst = 0;
  values.forEach((value, i) => {
    const before = values[worst];
    if (value !== null && (before === null || (low ? value < before : value > before))) worst = i;
  });
  const why = whyMetric(engines[worst], metric, low, afterNs);
  return why && { ...why, engine: engines.length === 1 ? null : worst };
}
