import { engineAssert } from '../../error.ts';
import { AllocStatus } from '../../pool/v0/block-space-manager.ts';
import { Move, Queue } from '../../recording/v0-listener.ts';
import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/**
 * Sorts running and waiting groups by priority, and preempts running ones for the sake of the first waiting
 * one (vLLM `_schedule_priority_preemption`). What they leave is used in the next step only. The first one
 * is that of the queue before it is sorted.
 */
export class PriorityPreemption {
  private readonly core: V0Core;
  private readonly compare = (a: number, b: number): number => {
    const { priority } = this.core.workload;
    const { arrivalTime } = this.core.groups;
    return priority[a] - priority[b] || arrivalTime[a] - arrivalTime[b];
  };

  constructor(core: V0Core) {
    this.core = core;
  }

  /** Returns how many were preempted. */
  run(): number {
    const { queues } = this.core;
    this.sort(Queue.Running);
    const numForced = queues.length[Queue.Waiting] > 0 ? this.preemptFor(queues.first(Queue.Waiting)) : 0;
    this.sort(Queue.Waiting);
    return numForced;
  }

  private preemptFor(request: number): number {
    const { core } = this;
    const { queues, groups, blocks, budget } = core;
    const seqs = groups.maxNumRunningSeqs(request);
    const tokens = core.numNewTokens(request, SequenceStatus.Waiting, false);
    const sequence = groups.firstWith(request, SequenceStatus.Waiting);
    engineAssert(sequence >= 0, '', 'a waiting group has no waiting sequence');
    let numForced = 0;
    while (queues.length[Queue.Running] > 0) {
      const victim = queues.last(Queue.Running);
      if (this.compare(victim, request) <= 0) break;
      if (blocks.canAllocate(sequence) === AllocStatus.Ok && budget.holds(tokens, seqs)) break;
      budget.subtract(
        victim,
        core.numNewTokens(victim, SequenceStatus.Running, false),
        groups.maxNumRunningSeqs(victim),
      );
      // Swapped out, it would stand among the waiting all the same, and bring the engine down from there.
      core.preempt(victim, true);
      queues.move(victim, Queue.Waiting, request, Move.Requeue);
      numForced++;
    }
    return numForced;
  }

  /** Stable. */
  private sort(queue: Queue): void {
    const { compare } = this;
    const { queues, order } = this.core;
    order.length = 0;
    let isSorted = true;
    let last = -1;
    for (const request of queues.in(queue)) {
      order.push(request);
      if (last >= 0 && compare(last, request) > 0) isSorted = false;
      last = request;
    }
    if (isSorted) return;
    order.sort(compare);
    queues.reorder(queue, queues.sentinel(queue), order, order.length, Move.Reorder);
  }
}
