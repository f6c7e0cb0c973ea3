import { engineAssert } from '../../error.ts';
import { AllocStatus } from '../../pool/v0/block-space-manager.ts';
import { Queue } from '../../recording/v0-listener.ts';
import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/**
 * Lets prompts wait until the last prompt step has been paid off (vLLM `_passed_delay`). It is asked before
 * every admission, and asking has effects: only the first question of a step can measure a prompt step.
 */
export class PromptDelay {
  private lastTime = 0;
  private lastPromptLatency = 0;
  private wasPrompt = false;

  promptStepFollows(): void {
    this.wasPrompt = true;
  }

  /** `numRunning`: groups in `running` but for those that this step has taken out already. */
  passed(core: V0Core, numRunning: number): boolean {
    const { now, queues, groups } = core;
    if (this.wasPrompt) this.lastPromptLatency = now - this.lastTime;
    this.lastTime = now;
    this.wasPrompt = false;
    const { delayFactor } = core.config;
    if (delayFactor === 0 || queues.length[Queue.Waiting] === 0 || numRunning === 0) return true;
    let earliest = Number.POSITIVE_INFINITY;
    for (const request of queues.in(Queue.Waiting))
      earliest = Math.min(earliest, groups.arrivalTime[request]);
    return now - earliest > delayFactor * this.lastPromptLatency;
  }
}

/** Admits waiting groups from the front (vLLM `_schedule_prefills`); the first that does not fit ends it. */
export function schedulePrefills(
  core: V0Core,
  delay: PromptDelay,
  chunked: boolean,
  numRunning: number,
): void {
  const { queues, groups, blocks, budget, config, newPrefills } = core;
  const promptLimit = chunked ? config.maxModelLen : Math.min(config.maxModelLen, config.maxNumBatchedTokens);
  while (delay.passed(core, numRunning) && queues.length[Queue.Waiting] > 0) {
    const request = queues.first(Queue.Waiting);
    engineAssert(
      groups.count(request, SequenceStatus.Waiting) === 1,
      'Waiting sequence group should have only one prompt sequence.',
      'a group that was swapped out by force, or that has ended since, stands among the waiting',
    );
    const tokens = core.numNewTokens(request, SequenceStatus.Waiting, chunked);
    // With chunking this is the chunk: too long a prompt is not noticed.
    if (tokens > promptLimit) {
      core.ignore(request);
      continue;
    }
    const fits = blocks.canAllocate(groups.firstWith(request, SequenceStatus.Waiting));
    if (fits === AllocStatus.Later) break;
    if (fits === AllocStatus.Never) {
      core.ignore(request);
      continue;
    }
    const seqs = groups.maxNumRunningSeqs(request);
    if (tokens === 0 || !budget.holds(tokens, seqs)) break;
    core.admit(request);
    newPrefills.put(request, tokens);
    budget.addTokens(request, tokens);
    budget.addSeqs(request, seqs);
  }
  if (newPrefills.size > 0) delay.promptStepFollows();
}
