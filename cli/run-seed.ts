import type { Plan } from '../sim/memory/plan.ts';
import type { KvEventBatch } from '../sim/recording/kv-event-log.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { type MoeSummary, summarizeMoe } from '../sim/report/moe-summary.ts';
import { type Summary, summarize } from '../sim/report/summary.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';

/** The run of a scenario with one seed. */
export interface SeedRun {
  readonly seed: number;
  readonly plan: Plan;
  /** Of several engines, what they did together. */
  readonly recording: Recording | null;
  /** Engine → its recording. */
  readonly replicas: readonly Recording[];
  readonly summary: Summary | null;
  /** Of models with experts. */
  readonly moe: MoeSummary | null;
}

export interface SeedHooks {
  readonly readFile: (path: string) => string;
  /** Keep the events. */
  readonly events: boolean;
  readonly kvEvents?: (batch: KvEventBatch, engine: number) => void;
  /** Told now and then the share of requests of a run that have ended, and its steps. */
  readonly progress?: (share: number, numSteps: number) => void;
  /** Called now and then; may throw to end it. */
  readonly tick?: () => void;
}

/** Runs a scenario with its `seed` alone. */
export function runSeed(
  scenario: Scenario,
  { readFile, events, kvEvents, progress, tick }: SeedHooks,
): SeedRun {
  tick?.();
  const { plan, recording, replicas, moe } = simulateScenario(scenario, {
    events,
    ...(kvEvents && { kvEvents }),
    readTrace: readFile,
    progress: (share, numSteps) => {
      progress?.(share, numSteps);
      tick?.();
      return false;
    },
  });
  return {
    seed: scenario.seed,
    plan,
    recording,
    replicas,
    summary: recording && summarize(recording),
    moe: moe && summarizeMoe(moe),
  };
}
