import type { Plan } from '../../sim/memory/plan.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { runScenario } from '../../sim/run-scenario.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { ScenarioParts } from '../../sim/scenario-parts.ts';

/** Runs a scenario that starts: engine → its recording. */
export function run(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
  parts: Partial<ScenarioParts>,
  progress: (share: number, numSteps: number) => void,
): readonly Recording[] {
  const { replicas } = runScenario(scenario, plan, parts, {
    progress(share, numSteps) {
      progress(share, numSteps);
      return false;
    },
  });
  return replicas;
}
