import { EngineCrash, engineAssert } from '../../error.ts';
import { BlockSpaceManager } from '../../pool/v0/block-space-manager.ts';
import { Move, Queue } from '../../recording/v0-listener.ts';
import type { Workload } from '../../workload/workload.ts';
import { V0Batch } from './batch.ts';
import { Budget } from './budget.ts';
import type { V0PoolConfig, V0SchedulerConfig } from './config.ts';
import { type OutputLimit, SequenceGroups, SequenceStatus } from './groups.ts';
import { Queues } from './queues.ts';
import { SteadyGroups } from './steady-groups.ts';

/** What V0's policies are made of: the state of the scheduler and what can be done to one group. */
export class V0Core {
  readonly workload: Workload;
  readonly pool: V0PoolConfig;
  readonly config: V0SchedulerConfig;
  readonly groups: SequenceGroups;
  readonly queues: Queues;
  readonly blocks: BlockSpaceManager;
  readonly budget: Budget;
  /** The fast path; null where it is off or does not apply. */
  readonly steady: SteadyGroups | null;
  /** Time of this step, in the unit of arrival times. */
  now = 0;

  /** Preempted in this step, in order; they join their queues at its end. */
  readonly recomputed: number[] = [];
  readonly swappedOut: number[] = [];
  /** Async outputs: longer than max_model_len, so taken out of `running` in this step. */
  readonly stopped: number[] = [];
  /** Groups that ended in this step, in the order in which their outputs were applied. */
  readonly finished: number[] = [];
  /** Room for the order that a queue is to have. */
  readonly order: number[] = [];
  /** Async outputs: applies the pending output of a group before it is preempted. */
  processPending: (request: number) => void = () => {};

  // Parts of the step: chunked prefill puts them together in another order than that in which they are made.
  // Without it they are made in order, and the first three are the step itself.
  newPrefills: V0Batch;
  runningDecodes: V0Batch;
  swappedDecodes: V0Batch;
  /** Decodes in front of the others, which left the fast path in the middle of the step. */
  readonly formerlySteady: V0Batch;
  readonly runningPrefills: V0Batch;
  readonly swappedPrefills: V0Batch;
  /** All of them, in the order that chunked prefill gives to `running`. */
  readonly parts: readonly V0Batch[];

  constructor(
    workload: Workload,
    pool: V0PoolConfig,
    config: V0SchedulerConfig,
    hooks: { readonly outputLimit?: OutputLimit; readonly fast?: boolean },
  ) {
    const n = workload.numRequests;
    this.workload = workload;
    this.pool = pool;
    this.config = config;
    this.groups = new SequenceGroups(workload, config.maxModelLen, hooks.outputLimit);
    this.queues = new Queues(n);
    this.blocks = new BlockSpaceManager(workload, pool, this.groups.numTokens);
    this.budget = new Budget(n, config.maxNumBatchedTokens, config.maxNumSeqs);
    const canBeSteady =
      (config.policy === 'fcfs' || config.enableChunkedPrefill) &&
      config.numLookaheadSlots === 0 &&
      !config.asyncOutputProc &&
      pool.slidingWindow === null;
    this.steady = hooks.fast === true && canBeSteady ? new SteadyGroups(this) : null;
    this.newPrefills = new V0Batch(config.maxNumSeqs);
    this.formerlySteady = new V0Batch(config.maxNumSeqs);
    this.runningPrefills = new V0Batch(config.maxNumSeqs);
    this.runningDecodes = new V0Batch(config.maxNumSeqs);
    this.swappedPrefills = new V0Batch(config.maxNumSeqs);
    this.swappedDecodes = new V0Batch(config.maxNumSeqs);
    this.parts = [
      this.swappedDecodes,
      this.swappedPrefills,
      this.formerlySteady,
      this.runningDecodes,
      this.runningPrefills,
      this.newPrefills,
    ];
  }

  /** A step begins; it is collected in `batch`. */
  beginStep(now: number, batch: V0Batch): void {
    this.now = now;
    if (!this.config.enableChunkedPrefill) {
      this.newPrefills = batch;
      this.runningDecodes = batch;
      this.swappedDecodes = batch;
    }
    batch.clear();
    this.budget.reset();
    if (this.finished.length > 0) this.finished.length = 0;
    this.newPrefills.clear();
    this.formerlySteady.clear();
    this.runningPrefills.clear();
    this.runningDecodes.clear();
    this.swappedPrefills.clear();
    this.swappedDecodes.clear();
  }

  /** The last steady group of `running`, or its sentinel. */
  get lastSteady(): number {
    return this.steady?.last ?? this.queues.sentinel(Queue.Running);
  }

  get numPreempted(): number {
    return this.recomputed.length + this.swappedOut.length;
  }

  /** Slots beyond the known tokens that the group's next step needs. */
  lookahead(request: number): number {
    const { numLookaheadSlots } = this.config;
    return numLookaheadSlots === 0 || this.groups.isPrefill(request) ? 0 : numLookaheadSlots;
  }

  /**
   * Tokens that a group would compute in this step; a lone sequence is cut to the budget if `chunked`, in whole
   * blocks with prefix caching. More than one sequence is never cut, and can overdraw the budget.
   */
  numNewTokens(request: number, status: SequenceStatus, chunked: boolean): number {
    const tokens = this.groups.numNewTokens(request, status);
    engineAssert(tokens > 0, '', 'a group in a queue has no sequence to schedule');
    if (!chunked || (this.groups.numSeqs[request] > 1 && this.groups.count(request, status) > 1))
      return tokens;
    const remaining = this.budget.remainingTokens;
    if (!this.pool.enablePrefixCaching) return Math.min(tokens, remaining);
    const { blockSize } = this.pool;
    const { maxNumBatchedTokens } = this.config;
    if (maxNumBatchedTokens % blockSize !== 0) {
      throw new EngineCrash(
        'ValueError',
        'When enabling chunked prefill and prefix caching, max_num_batched_tokens (chunk size) must be ' +
          `dividable by block size, but got chunk_size (${maxNumBatchedTokens}) % block_size ` +
          `(${blockSize}) = ${maxNumBatchedTokens % blockSize}`,
        'with prefix caching, vLLM 0.6.3 cuts prompts at whole blocks only',
      );
    }
    return remaining < tokens ? Math.floor(remaining / blockSize) * blockSize : tokens;
  }

  /** The worst case must fit: every block that is written is a new one, even in the middle of an own block. */
  canAppend(request: number): boolean {
    const { groups, blocks } = this;
    const lookahead = this.lookahead(request);
    let touched = 0;
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running) touched += blocks.numTouched(s, lookahead);
    }
    return touched <= blocks.gpu.numFree;
  }

  /** canAppend and append where they are easy: a lone sequence decodes within its block. False if it does not. */
  decodeInPlace(request: number): boolean {
    const { groups, blocks } = this;
    const sequence = groups.start[request];
    return (
      this.workload.numSequences[request] === 1 &&
      groups.isDecode[sequence] === 1 &&
      this.config.numLookaheadSlots === 0 &&
      blocks.gpu.numFree > 0 &&
      blocks.appendInPlace(sequence, groups.numTokens[sequence])
    );
  }

  append(request: number): void {
    const { groups, blocks } = this;
    const lookahead = this.lookahead(request);
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running)
        blocks.appendSlots(s, groups.numTokens[s], lookahead, groups.numComputed[s]);
    }
  }

  admit(request: number): void {
    const { groups, blocks } = this;
    this.queues.pushBack(request, Queue.Running, Move.Admit);
    blocks.allocate(groups.firstWith(request, SequenceStatus.Waiting));
    groups.setStatus(request, SequenceStatus.Waiting, SequenceStatus.Running);
  }

  /** It can never be served. Blocks that it has on the CPU are never freed. */
  ignore(request: number): void {
    const { groups } = this;
    groups.status.fill(SequenceStatus.Ignored, groups.start[request], groups.end(request));
    this.queues.remove(request, Move.Ignore);
  }

  /** Takes a running group's blocks. True if it is to be recomputed, false if it was swapped out. */
  preempt(request: number, forced: boolean): boolean {
    const { preemptionMode } = this.config;
    const recompute =
      preemptionMode === null ? this.groups.maxNumRunningSeqs(request) === 1 : preemptionMode === 'recompute';
    if (recompute) {
      this.queues.remove(request, forced ? Move.ForceRecompute : Move.Recompute);
      this.preemptByRecompute(request);
    } else {
      this.queues.remove(request, forced ? Move.ForceSwapOut : Move.SwapOut);
      this.swapOut(request);
    }
    return recompute;
  }

  /** Swaps a group in and appends its unseen tokens. */
  swapIn(request: number): void {
    const { groups, blocks } = this;
    this.queues.pushBack(request, Queue.Running, Move.SwapIn);
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Swapped) blocks.swap(s);
    }
    groups.setStatus(request, SequenceStatus.Swapped, SequenceStatus.Running);
    this.append(request);
  }

  /** Preempted groups join their queues: the last one is the first of the waiting, but the last of the swapped. */
  requeuePreempted(): void {
    if (this.numPreempted === 0) return;
    for (const request of this.recomputed) this.queues.pushFront(request, Queue.Waiting, Move.Requeue);
    for (const request of this.swappedOut) this.queues.pushBack(request, Queue.Swapped, Move.Requeue);
    this.recomputed.length = 0;
    this.swappedOut.length = 0;
  }

  /** Frees those sequences of a group that have finished. */
  freeFinished(request: number): void {
    const { groups, blocks } = this;
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] >= SequenceStatus.Finished) blocks.free(s);
    }
  }

  private preemptByRecompute(request: number): void {
    const { groups, blocks } = this;
    engineAssert(
      groups.count(request, SequenceStatus.Running) === 1,
      '',
      'several sequences of a request cannot be recomputed: only swapping keeps what they share',
    );
    const sequence = groups.firstWith(request, SequenceStatus.Running);
    groups.status[sequence] = SequenceStatus.Waiting;
    blocks.free(sequence);
    groups.resetForRecompute(sequence);
  }

  private swapOut(request: number): void {
    const { groups, blocks } = this;
    const start = groups.start[request];
    const end = groups.end(request);
    if (!blocks.canSwapOut(start, end)) {
      throw new EngineCrash(
        'RuntimeError',
        'Aborted due to the lack of CPU swap space. Please increase the swap space to avoid this error.',
        'a preempted request does not fit into the free CPU blocks, and vLLM 0.6.3 does not recompute it instead',
      );
    }
    for (let s = start; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running) blocks.swap(s);
    }
    groups.setStatus(request, SequenceStatus.Running, SequenceStatus.Swapped);
  }
}
