import type * as contiguous from './engine/make-contiguous.ts';
import type * as v0 from './engine/make-v0.ts';
import type { Plan } from './memory/plan.ts';
import { resolveHardware } from './memory/resolve.ts';
import type * as serving from './memory/serving/serving-memory.ts';
import type * as experts from './moe/follow-experts.ts';
import type { Scenario } from './scenario/scenario.ts';
import type * as traces from './trace-requests.ts';

/**
 * Parts of the simulator that only some scenarios need. The command line has them all (`ALL_PARTS`); the page, which
 * pays for every byte, loads what a scenario asks for.
 */
export interface ScenarioParts {
  readonly v0: typeof v0;
  readonly contiguous: typeof contiguous;
  readonly experts: typeof experts;
  readonly serving: typeof serving;
  readonly traces: typeof traces;
}

/** The parts that runScenario() will ask for. */
export function partsNeeded(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
): readonly (keyof ScenarioParts)[] {
  const isPaged = scenario.contiguous === null;
  const needs: Readonly<Record<keyof ScenarioParts, boolean>> = {
    v0: isPaged && plan.v0 !== null,
    contiguous: !isPaged,
    // What served before paging had no PyTorch.
    serving: isPaged,
    experts: resolveHardware(scenario).architecture.moe !== null,
    traces: scenario.workload.kind !== 'synthetic',
  };
  return (Object.keys(needs) as (keyof ScenarioParts)[]).filter((part) => needs[part]);
}
