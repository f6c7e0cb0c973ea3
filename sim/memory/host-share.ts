import type { Scenario } from '../scenario/scenario.ts';
import type { HostShare } from '../time/transfer.ts';
import { GIB } from '../units.ts';
import { blockSizeOf } from './block-size.ts';
import { flagsOf, numberOf } from './flags.ts';
import type { ResolvedHardware } from './resolve.ts';
import { rankWeights, sumOfWeights } from './weights.ts';

/**
 * What the steps of a scenario have to do with host memory; null if nothing can cross. Experts that --cpu-offload-gb
 * moves are left to those who follow them one by one.
 */
export function hostShareOf(scenario: Scenario, hardware: ResolvedHardware): HostShare | null {
  const { architecture, parallel, weightFormat } = hardware;
  const flag = flagsOf(scenario);
  const offloaded = architecture.moe === null ? numberOf(flag('cpu_offload_gb'), 0) * GIB : 0;
  const weightBytes = Array.from({ length: parallel.pipeline }, (_, stage) => {
    if (offloaded === 0) return 0;
    const weights = rankWeights(architecture, parallel, { tensorRank: 0, replica: 0, stage }, weightFormat);
    return Math.min(offloaded, sumOfWeights(weights));
  });
  if (scenario.vllm !== '0.6.3' && offloaded === 0) return null;
  return { weightBytes, blockSize: blockSizeOf(scenario, hardware) };
}
