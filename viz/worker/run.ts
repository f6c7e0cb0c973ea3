import type { Plan } from '../../sim/memory/plan.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { runScenario } from '../../sim/run-scenario.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { partsNeeded, type ScenarioParts } from '../../sim/scenario-parts.ts';
import type { SchedulerSwitch } from '../../sim/scheduler/switch.ts';

/** Where the parts of the simulator are that only some scenarios need. */
const PARTS: { readonly [P in keyof ScenarioParts]: () => Promise<ScenarioParts[P]> } = {
  v0: () => import('../../sim/engine/make-v0.ts'),
  contiguous: () => import('../../sim/engine/make-contiguous.ts'),
  serving: () => import('../../sim/memory/serving/serving-memory.ts'),
  experts: () => import('../../sim/moe/follow-experts.ts'),
  traces: () => import('../../sim/trace-requests.ts'),
};

async function load(parts: readonly (keyof ScenarioParts)[]): Promise<Partial<ScenarioParts>> {
  return Object.fromEntries(await Promise.all(parts.map(async (part) => [part, await PARTS[part]()])));
}

/** Runs a scenario that starts: engine → its recording. */
export async function run(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
  later: SchedulerSwitch | undefined,
  progress: (share: number, numSteps: number) => void,
): Promise<readonly Recording[]> {
  const parts = await load(partsNeeded(scenario, plan));
  const { replicas } = runScenario(scenario, plan, parts, {
    switch: later,
    progress(share, numSteps) {
      progress(share, numSteps);
      return false;
    },
  });
  return replicas;
}
