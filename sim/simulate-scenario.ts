import * as contiguous from './engine/make-contiguous.ts';
import * as v0 from './engine/make-v0.ts';
import type { Plan } from './memory/plan.ts';
import { plan } from './memory/planner.ts';
import * as serving from './memory/serving/serving-memory.ts';
import * as experts from './moe/follow-experts.ts';
import { requestsOf, runScenario, type ScenarioHooks, type ScenarioRun } from './run-scenario.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { ScenarioParts } from './scenario-parts.ts';
import * as traces from './trace-requests.ts';
import type { Workload } from './workload/workload.ts';

export type { ScenarioHooks } from './run-scenario.ts';

/** What became of a scenario: its plan, and the recorded run if it starts. */
export type ScenarioResult =
  | ScenarioRun
  | {
      readonly plan: Extract<Plan, { starts: false }>;
      readonly recording: null;
      readonly replicas: readonly [];
      readonly moe: null;
    };

export const ALL_PARTS: ScenarioParts = { v0, contiguous, serving, experts, traces };

/**
 * A scenario from plan to recording.
 * @throws InputError for names that the catalogue does not know and for traces that cannot be read.
 */
export function simulateScenario(scenario: Scenario, hooks: ScenarioHooks = {}): ScenarioResult {
  const start = plan(scenario);
  if (!start.starts) return { plan: start, recording: null, replicas: [], moe: null };
  return runScenario(scenario, start, ALL_PARTS, hooks);
}

/** The requests of a scenario, and what was estimated or left out when they were read. */
export function scenarioWorkload(
  scenario: Scenario,
  hooks: ScenarioHooks,
): { workload: Workload; notes: readonly string[] } {
  return requestsOf(scenario, ALL_PARTS, hooks);
}
