import type { Plan } from '../sim/memory/plan.ts';
import { digestOf } from '../sim/recording/codec.ts';
import type { KvEventBatch } from '../sim/recording/kv-event-log.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { checkMetrics, type MetricCheck } from '../sim/report/check-metrics.ts';
import { failedExpectations } from '../sim/report/expectations.ts';
import { findMetric } from '../sim/report/metrics.ts';
import { type MoeSummary, summarizeMoe } from '../sim/report/moe-summary.ts';
import { type Summary, summarize } from '../sim/report/summary.ts';
import { type Why, whyMetric } from '../sim/report/why.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';
import type { Loaded } from './load.ts';
import { ProgressBar } from './progress.ts';

/** Events of longer runs are not kept to look for a reason. */
const MOST_STEPS_EXPLAINED = 200_000;

/** The run of a scenario with one seed. */
export interface SeedRun {
  readonly seed: number;
  readonly plan: Plan;
  readonly recording: Recording | null;
  readonly summary: Summary | null;
  /** Of models with experts. */
  readonly moe: MoeSummary | null;
}

/** A check with the reason for its failure. */
export interface Check extends MetricCheck {
  readonly why: Why | null;
}

/** What became of a scenario. */
export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly runs: readonly SeedRun[];
  /** Starts, hangs and crashes that were not expected. */
  readonly outcomes: readonly string[];
  readonly checks: readonly Check[];
  readonly passed: boolean;
  readonly digest: string | null;
  /** What `poolscope explain` must be told to see the same run; null if it cannot. */
  readonly explainWith: readonly string[] | null;
}

export interface RunHooks extends Partial<Pick<ScenarioRun, 'explainWith'>> {
  readonly readFile: (path: string) => string;
  /** Keep the events. */
  readonly events: boolean;
  readonly kvEvents?: (batch: KvEventBatch) => void;
  /** Look for the reasons of failed checks, which may take another run; unless false. */
  readonly reasons?: boolean;
  /** Called now and then; may throw to end it. */
  readonly tick?: () => void;
}

/** Runs a scenario with all its seeds, its baseline beside it, and checks what it expects. */
export function runScenario(scenario: Scenario, baseline: Loaded | null, hooks: RunHooks): ScenarioRun {
  const needsEvents = scenario.expect.metrics.some(({ metric }) => findMetric(metric)?.needsEvents);
  const events = hooks.events || needsEvents;
  const runs = scenario.seeds.map((seed, i) => {
    const kvEvents = i === 0 ? hooks.kvEvents : undefined;
    return runSeed({ ...scenario, seed }, { ...hooks, kvEvents, events });
  });
  const outcomes = [...new Set(runs.flatMap((run) => failedExpectations(scenario, run.plan, run.summary)))];
  const seeded = runs.flatMap(({ seed, recording }) => {
    if (recording === null) return [];
    const other =
      baseline &&
      runSeed(
        { ...baseline.scenario, seed },
        { ...hooks, readFile: baseline.readFile, kvEvents: undefined, events },
      );
    return [{ seed, recording, baseline: other?.recording ?? null }];
  });
  const checked = seeded.length > 0 ? checkMetrics(scenario.expect.metrics, seeded) : [];
  const explained = new Map<number, Recording | null>();
  const checks = checked.map((check): Check => {
    if (check.passed || check.problem !== null || hooks.reasons === false) return { ...check, why: null };
    const { seed } = check.worst;
    const known = explained.get(seed);
    const recording = known === undefined ? withEvents({ ...scenario, seed }, runs, hooks) : known;
    explained.set(seed, recording);
    return { ...check, why: recording && whyOf(check, recording) };
  });
  const gates = checks.some(({ passed, expectation }) => !passed && expectation.severity === 'error');
  const first = runs[0].recording;
  return {
    scenario,
    runs,
    outcomes,
    checks,
    passed: outcomes.length === 0 && !gates,
    digest: first && events ? digestOf(first) : null,
    explainWith: hooks.explainWith ?? null,
  };
}

function runSeed(scenario: Scenario, { readFile, events, kvEvents, tick }: RunHooks): SeedRun {
  const bar = new ProgressBar(scenario.name);
  const { plan, recording, moe } = simulateScenario(scenario, {
    events,
    ...(kvEvents && { kvEvents }),
    readTrace: readFile,
    progress: (share, numSteps) => {
      bar.update(share, `${numSteps.toLocaleString('en-US')} steps`);
      tick?.();
      return false;
    },
  });
  bar.end();
  return {
    seed: scenario.seed,
    plan,
    recording,
    summary: recording && summarize(recording),
    moe: moe && summarizeMoe(moe),
  };
}

/** The same run again, with its events; null if it is too long for that. */
function withEvents(scenario: Scenario, runs: readonly SeedRun[], hooks: RunHooks): Recording | null {
  const recording = runs.find(({ seed }) => seed === scenario.seed)?.recording ?? null;
  if (recording === null || recording.numEvents > 0) return recording;
  if (recording.numSteps > MOST_STEPS_EXPLAINED) return null;
  return runSeed(scenario, { readFile: hooks.readFile, tick: hooks.tick, events: true }).recording;
}

function whyOf({ expectation }: MetricCheck, recording: Recording): Why | null {
  const metric = findMetric(expectation.metric);
  const low = expectation.expression.operator.startsWith('>');
  return metric && whyMetric(recording, metric, low, expectation.afterNs);
}
