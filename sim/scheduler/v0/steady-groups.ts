import type { BlockSpaceManager } from '../../pool/v0/block-space-manager.ts';
import { Move, Queue } from '../../recording/v0-listener.ts';
import type { Workload } from '../../workload/workload.ts';
import { type SteadyHost, SteadyRequests } from '../steady-requests.ts';
import type { V0Batch } from './batch.ts';
import type { Budget } from './budget.ts';
import type { V0SchedulerConfig } from './config.ts';
import { type SequenceGroups, SequenceStatus } from './groups.ts';
import type { Queues } from './queues.ts';

/** What the fast path needs of V0Core, which has one. */
interface Core {
  readonly workload: Workload;
  readonly config: V0SchedulerConfig;
  readonly groups: SequenceGroups;
  readonly queues: Queues;
  readonly blocks: BlockSpaceManager;
  readonly budget: Budget;
  readonly finished: number[];
  readonly now: number;
  append(request: number): void;
}

/**
 * V0's fast path: the first groups of `running`, of one sequence each, that decode and have room. In a step of
 * prompts alone they rest; else all of them decode, or nobody is steady any more.
 */
export class SteadyGroups implements SteadyHost {
  /** The last of them in `running`, or its sentinel. */
  last: number;
  private readonly core: Core;
  private readonly requests: SteadyRequests;
  /** No more of them than a chunked step's budget holds. */
  private readonly mostAtOnce: number;
  /** Those that ended and are still in `running`, in its order. */
  private readonly ended: number[] = [];
  /** Time of the last step in which they decoded. */
  private lastTime = Number.NEGATIVE_INFINITY;

  constructor(core: Core) {
    this.core = core;
    this.mostAtOnce = Math.min(core.config.maxNumSeqs, core.config.maxNumBatchedTokens);
    this.requests = new SteadyRequests(core.workload.numRequests, this.mostAtOnce, this);
    this.last = core.queues.sentinel(Queue.Running);
  }

  get count(): number {
    return this.requests.count;
  }

  /** Groups that ever joined. */
  get numJoined(): number {
    return this.requests.numJoined;
  }

  /** What they attend to in this step, in all and at most. */
  get contextTokens(): number {
    return this.requests.contextTokens;
  }
  get longestContext(): number {
    return this.requests.longestContext;
  }

  /** Computed tokens before this step. */
  computedBefore(request: number): number {
    return this.requests.computedOf(request) - 1;
  }

  /** All of them decode, if the blocks are sure to reach; returns how many do. */
  schedule(chunked: boolean): number {
    const { requests, count } = this;
    if (count === 0) return 0;
    requests.takeDue();
    if (!this.hasBlocks()) {
      this.settle();
      return 0;
    }
    requests.serveDue();
    this.core.budget.addUnnamed(count, chunked ? count : 0);
    return count;
  }

  /** The step is final. */
  tick(): void {
    this.lastTime = this.core.now;
    this.requests.tick();
  }

  applyOutputs(): void {
    this.requests.endDue(this.finish);
  }

  /** Those that ended leave `running`. */
  removeEnded(): void {
    const { queues } = this.core;
    for (const request of this.ended) {
      if (request === this.last) this.last = queues.prev[request];
      queues.remove(request, Move.Finish);
    }
    this.ended.length = 0;
  }

  /** Groups behind the steady ones join them once they decode. */
  extend(): void {
    const { groups, queues, workload } = this.core;
    const sentinel = queues.sentinel(Queue.Running);
    while (this.count < this.mostAtOnce) {
      const request = queues.next[this.last];
      if (request === sentinel || workload.numSequences[request] > 1 || groups.isPrefill(request)) return;
      const sequence = groups.start[request];
      this.requests.join(request, groups.numComputed[sequence], groups.numTokensLeft(sequence));
      this.last = request;
    }
  }

  /** Between steps: nobody is steady any more, and all columns are exact. */
  settle(): void {
    this.requests.settle();
    this.last = this.core.queues.sentinel(Queue.Running);
  }

  /** Leaves the fast path in the middle of a step for which all of them are scheduled. */
  list(counted: V0Batch, listed: V0Batch): void {
    const { queues } = this.core;
    this.settle();
    let request = queues.first(Queue.Running);
    for (; counted.numSteady > 0; counted.numSteady--) {
      // Its token is unseen again, and its block is there.
      this.core.append(request);
      listed.put(request, 1);
      request = queues.next[request];
    }
  }

  nextAttentionAt(request: number): number {
    const { groups, blocks } = this.core;
    return blocks.quietUntil[groups.start[request]];
  }

  serve(request: number, computed: number): boolean {
    const { groups, blocks, now } = this.core;
    const sequence = groups.start[request];
    blocks.appendSlots(sequence, computed + 1, 0, computed);
    blocks.access(sequence, now);
    return true;
  }

  leave(request: number, computed: number): void {
    const { groups, blocks } = this.core;
    const sequence = groups.start[request];
    groups.numTokens[sequence] = computed + 1;
    groups.numComputed[sequence] = computed;
    blocks.catchUp(sequence, computed, this.lastTime);
  }

  /** vLLM wants a free block for each of them, also for one that writes into its own last block. */
  private hasBlocks(): boolean {
    const { groups, blocks } = this.core;
    const { due, numDue } = this.requests;
    let needed = 1;
    for (let i = 0; i < numDue; i++) {
      if (blocks.needsBlock(groups.start[due[i]], this.requests.computedOf(due[i]) + 1)) needed++;
    }
    return needed <= blocks.gpu.numFree;
  }

  private readonly finish = (request: number): void => {
    const { groups, blocks, finished } = this.core;
    const sequence = groups.start[request];
    groups.status[sequence] = SequenceStatus.Finished;
    blocks.free(sequence);
    finished.push(request);
    this.ended.push(request);
  };
}
