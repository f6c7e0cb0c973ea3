import type { Plan } from '../memory/plan.ts';
import type { BlockRange } from '../scenario/expectations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { crashOutcome } from './crash-outcome.ts';
import type { Summary } from './summary.ts';

/** What the scenario expects and did not get; empty = passed. */
export function failedExpectations({ expect }: Scenario, plan: Plan, summary: Summary | null): string[] {
  if (!plan.starts) {
    if (expect.starts !== false) return [`expected vLLM to start, but: ${plan.because}`];
    if (expect.because !== null && expect.because !== plan.because) {
      return [`expected the start to fail because ${expect.because}, but: ${plan.because}`];
    }
    return expect.says === null || plan.message.includes(expect.says)
      ? []
      : [`expected vLLM to say "${expect.says}", but: ${plan.message}`];
  }
  if (expect.starts === false) return ['expected vLLM not to start, but it does'];
  const failures = [
    ...outside('GPU blocks', expect.gpuBlocks, plan.pool.numGpuBlocks),
    ...outside('CPU blocks', expect.cpuBlocks, plan.v0?.numCpuBlocks ?? 0),
  ];
  if (summary?.end === 'hang') failures.push('the engine hangs: requests wait that can never be scheduled');
  if (summary?.crash) failures.push(`expected the engine to live, but: ${crashOutcome(summary.crash)}`);
  if (summary?.end === 'step-limit') failures.push('the run did not end within the step limit');
  return failures;
}

function outside(what: string, range: BlockRange | null, blocks: number): string[] {
  if (range === null || (blocks >= range[0] && blocks <= range[1])) return [];
  const [least, most] = range;
  return [`expected ${least === most ? least : `${least} to ${most}`} ${what}, got ${blocks}`];
}
