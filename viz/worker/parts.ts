import type { Plan } from '../../sim/memory/plan.ts';
import { servingMemory } from '../../sim/memory/serving/serving-memory.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { partsNeeded, type ScenarioParts } from '../../sim/scenario-parts.ts';

/** Where the parts of the simulator are that only some scenarios need; nearly all serve from pages. */
const PARTS: { readonly [P in keyof ScenarioParts]: () => ScenarioParts[P] | Promise<ScenarioParts[P]> } = {
  v0: () => import('../../sim/engine/make-v0.ts'),
  contiguous: () => import('../../sim/engine/make-contiguous.ts'),
  serving: () => ({ servingMemory }),
  experts: () => import('../../sim/moe/follow-experts.ts'),
  traces: () => import('../../sim/trace-requests.ts'),
};

/** What the run of a scenario that starts asks for. */
export async function loadParts(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
): Promise<Partial<ScenarioParts>> {
  const parts = partsNeeded(scenario, plan);
  return Object.fromEntries(await Promise.all(parts.map(async (part) => [part, await PARTS[part]()])));
}
