import { engineAssert } from '../../error.ts';
import { Move, Queue } from '../../recording/v0-listener.ts';
import type { V0Batch } from './batch.ts';
import type { V0Core } from './core.ts';
import { type PromptDelay, schedulePrefills } from './prefills.ts';
import type { PriorityPreemption } from './priority.ts';
import { scheduleRunning } from './running.ts';
import { scheduleSwapped } from './swapped.ts';

/**
 * Prompts first, as long as nobody is swapped; a step is either all prompts or all decodes (vLLM
 * `_schedule_default`).
 */
export function scheduleDefault(core: V0Core, delay: PromptDelay, priority: PriorityPreemption | null): void {
  const { queues, groups, budget, newPrefills: batch } = core;
  const numRunning = queues.length[Queue.Running];
  // Where nobody wants to come in, it is all the same how many are in.
  if (queues.length[Queue.Waiting] + queues.length[Queue.Swapped] > 0) {
    const sentinel = queues.sentinel(Queue.Running);
    budget.addUnnamed(0, core.steady?.count ?? 0);
    for (let r = queues.next[core.lastSteady]; r !== sentinel; r = queues.next[r]) {
      budget.addSeqs(r, groups.maxNumRunningSeqs(r));
    }
  }
  if (queues.length[Queue.Swapped] === 0) schedulePrefills(core, delay, false, numRunning);
  batch.numPrefillGroups = batch.size;
  if (batch.size === 0) {
    priority?.run();
    scheduleRunning(core, false);
    if (core.numPreempted === 0) scheduleSwapped(core);
  }
  checkBudget(core);
  core.requeuePreempted();
  engineAssert(
    core.runningPrefills.size + core.swappedPrefills.size === 0,
    '',
    'without chunked prefill, a group in its prefill stage is running',
  );
  batch.numTokens = budget.numTokens;
}

/**
 * Running groups first, then swapped ones unless somebody was preempted, then prompts with what is left of the
 * budget (vLLM `_schedule_chunked_prefill`). Priorities and the delay of prompts have no effect here, but for
 * the latter if the budget did not reach all running groups.
 */
export function scheduleChunked(core: V0Core, delay: PromptDelay, batch: V0Batch): void {
  const { queues, newPrefills, runningPrefills, runningDecodes, swappedPrefills, swappedDecodes } = core;
  const { order, formerlySteady } = core;
  order.length = 0;
  const unreached = scheduleRunning(core, true);
  for (let r = unreached; r !== queues.sentinel(Queue.Running); r = queues.next[r]) order.push(r);
  const numUnreached = order.length;
  if (core.numPreempted === 0) scheduleSwapped(core);
  // They come in front of the steady ones, which no longer are the first then.
  const numInFront = numUnreached + swappedDecodes.size + swappedPrefills.size;
  if (runningDecodes.numSteady > 0 && numInFront > 0) core.steady?.list(runningDecodes, formerlySteady);
  schedulePrefills(core, delay, true, numUnreached);
  checkBudget(core);
  core.requeuePreempted();

  for (const part of core.parts) {
    for (let i = 0; i < part.size; i++) order.push(part.request[i]);
  }
  queues.reorder(Queue.Running, core.lastSteady, order, order.length, Move.Reorder);
  batch.putAll(newPrefills);
  batch.putAll(runningPrefills);
  batch.putAll(swappedPrefills);
  batch.numPrefillGroups = batch.size;
  batch.steadyAt = batch.size;
  batch.numSteady = runningDecodes.numSteady;
  batch.putAll(formerlySteady);
  batch.putAll(runningDecodes);
  batch.putAll(swappedDecodes);
  batch.numTokens = core.budget.numTokens;
}

function checkBudget(core: V0Core): void {
  engineAssert(!core.budget.isExceeded, '', 'the step holds more tokens or sequences than it may');
}
