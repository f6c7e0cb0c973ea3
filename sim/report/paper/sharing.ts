import { Queue } from '../../recording/v0-listener.ts';
import type { BeamSurvival } from '../../scheduler/v0/beam-search.ts';
import { V0Scheduler } from '../../scheduler/v0/v0.ts';
import type { Workload } from '../../workload/workload.ts';
import { DEFAULT_SCHEDULER, defaultPool } from './vllm-defaults.ts';

const BLOCK_SIZE = 16;

/**
 * Blocks that sharing saved by blocks that block tables hold, over all steps (Figure 15): in [0, 1]. All
 * requests run from the start in a pool that is large enough, so nobody shares for want of room. Without
 * `beams`, the sequences of a request are independent samples.
 */
export function sharingSaved(workload: Workload, beams: BeamSurvival | null): number {
  const numSequences = workload.outputSegment.length;
  const mostTokens = workload.numPromptTokens.reduce(
    (sum, prompt, request) =>
      sum + (prompt + workload.maxTokens[request] + BLOCK_SIZE) * workload.numSequences[request],
    0,
  );
  const scheduler = new V0Scheduler(
    workload,
    { ...defaultPool(Math.ceil(mostTokens / BLOCK_SIZE) + numSequences, BLOCK_SIZE), watermark: 0 },
    { ...DEFAULT_SCHEDULER, maxNumSeqs: numSequences, maxNumBatchedTokens: mostTokens },
    beams === null ? {} : { usesBeamSearch: () => true, beamSurvival: beams },
  );
  const { blocks, groups, queues } = scheduler;
  for (let request = 0; request < workload.numRequests; request++) scheduler.add(request, 0);
  let unshared = 0;
  let used = 0;
  for (let step = 0; scheduler.hasUnfinished; step++) {
    scheduler.schedule(step);
    for (const request of queues.in(Queue.Running)) {
      const end = groups.end(request);
      for (let s = groups.start[request]; s < end; s++) unshared += blocks.tables.length[s];
    }
    used += blocks.gpu.numBlocks - blocks.gpu.numFree;
    scheduler.updateFromOutput();
  }
  return 1 - used / unshared;
}
