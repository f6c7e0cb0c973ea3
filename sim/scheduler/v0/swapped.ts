import { AllocStatus } from '../../pool/v0/block-space-manager.ts';
import { Queue } from '../../recording/v0-listener.ts';
import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/** Brings swapped groups back from the front (vLLM `_schedule_swapped`); they are never cut into chunks. */
export function scheduleSwapped(core: V0Core): void {
  const { queues, groups, blocks, budget } = core;
  while (queues.length[Queue.Swapped] > 0) {
    const request = queues.first(Queue.Swapped);
    const fits = blocks.canSwapIn(groups.start[request], groups.end(request), core.lookahead(request));
    if (fits === AllocStatus.Later) return;
    if (fits === AllocStatus.Never) {
      core.ignore(request);
      continue;
    }
    const seqs = groups.maxNumRunningSeqs(request);
    const tokens = core.numNewTokens(request, SequenceStatus.Swapped, false);
    if (tokens === 0 || !budget.holds(tokens, seqs)) return;
    const isPrefill = groups.isPrefill(request);
    core.swapIn(request);
    if (isPrefill) core.swappedPrefills.put(request, tokens);
    else core.swappedDecodes.put(request, 1);
    budget.addTokens(request, tokens);
    budget.addSeqs(request, seqs);
  }
}
