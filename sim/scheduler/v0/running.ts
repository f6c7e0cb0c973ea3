import { Move, Queue } from '../../recording/v0-listener.ts';
import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/**
 * Serves the running groups from the front, at the cost of those at the back (vLLM `_schedule_running`). Those
 * behind the steady ones cannot cost a steady one its blocks.
 * Returns the first that the budget did not reach, or the queue's sentinel.
 */
export function scheduleRunning(core: V0Core, chunked: boolean): number {
  const { queues, groups, budget, config, runningPrefills, runningDecodes } = core;
  const sentinel = queues.sentinel(Queue.Running);
  const mostTokens = config.asyncOutputProc ? config.maxModelLen : Number.POSITIVE_INFINITY;
  runningDecodes.numSteady = core.steady?.schedule(chunked) ?? 0;
  let request = queues.next[core.lastSteady];
  while (request !== sentinel) {
    const isTooLong = groups.numTokens[groups.start[request]] > mostTokens;
    if ((!chunked || budget.remainingTokens > 0) && !isTooLong && core.decodeInPlace(request)) {
      runningDecodes.put(request, 1);
      budget.addTokens(request, 1);
      if (chunked) budget.addSeqs(request, 1);
      request = queues.next[request];
      continue;
    }
    const tokens = core.numNewTokens(request, SequenceStatus.Running, chunked);
    if (tokens === 0) break;
    if (isTooLong) {
      const next = queues.next[request];
      queues.remove(request, Move.Stop);
      core.stopped.push(request);
      request = next;
      continue;
    }
    if (!makeRoom(core, request, tokens)) return sentinel;
    core.append(request);
    if (groups.isPrefill(request)) runningPrefills.put(request, tokens);
    else runningDecodes.put(request, 1);
    budget.addTokens(request, tokens);
    if (chunked) budget.addSeqs(request, groups.maxNumRunningSeqs(request));
    request = queues.next[request];
  }
  return request;
}

/** Preempts from the back until the group can append. False if it had to go itself: then nobody is left. */
function makeRoom(core: V0Core, request: number, tokens: number): boolean {
  const { queues, groups, budget } = core;
  while (!core.canAppend(request)) {
    // The group itself, and not the victim, is taken off the budget.
    budget.subtract(request, tokens, groups.maxNumRunningSeqs(request));
    const victim = queues.last(Queue.Running);
    if (core.config.asyncOutputProc) core.processPending(victim);
    if (groups.isFinished(victim)) {
      core.freeFinished(victim);
      queues.remove(victim, Move.Finish);
    } else if (core.preempt(victim, false)) {
      core.recomputed.push(victim);
    } else {
      core.swappedOut.push(victim);
    }
    if (victim === request) return false;
  }
  return true;
}
