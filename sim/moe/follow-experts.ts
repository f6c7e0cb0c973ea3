import type { Recording } from '../recording/recording.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Workload } from '../workload/workload.ts';
import type { MoeReport } from './moe-report.ts';
import type { Experts } from './moe-setup.ts';
import { routingReuse } from './routing-reuse.ts';

export { expertMap } from './expert-map.ts';
export { expertsOf } from './moe-setup.ts';

/** What the experts of a run did. */
export function reportOf(
  scenario: Scenario,
  { architecture, observer, notes }: Experts,
  workload: Workload,
  recording: Recording,
): MoeReport {
  return {
    ...observer.finish(recording.numSteps),
    routingReuse: scenario.moe.routingReuse ? routingReuse(architecture, workload) : null,
    notes,
  };
}
