import { engineAssert, invariant } from '../../error.ts';
import type { BlockSpaceManager } from '../../pool/v0/block-space-manager.ts';
import { Move, Queue, type V0Listener } from '../../recording/v0-listener.ts';
import { addDecodes, addPrefill, type BatchShape, clearBatch, emptyBatch } from '../../time/step-time.ts';
import type { Workload } from '../../workload/workload.ts';
import type { Acceptance } from '../engine-scheduler.ts';
import { V0Batch } from './batch.ts';
import { type BeamSurvival, oldestDies } from './beam-search.ts';
import type { V0PoolConfig, V0SchedulerConfig } from './config.ts';
import { V0Core } from './core.ts';
import { type OutputLimit, type SequenceGroups, SequenceStatus } from './groups.ts';
import { OutputProcessor } from './outputs.ts';
import { scheduleChunked, scheduleDefault } from './policies.ts';
import { PromptDelay } from './prefills.ts';
import { PriorityPreemption } from './priority.ts';
import type { Queues } from './queues.ts';

export interface V0Hooks {
  /** Drafts accepted in a request's i-th decode step, with lookahead. */
  readonly acceptance?: Acceptance;
  /** Where a stop token ends a sequence before max_tokens. */
  readonly outputLimit?: OutputLimit;
  /**
   * Whether a request's sequences are beams, and not independent samples (`use_beam_search` before vLLM 0.6.3,
   * which ended it): its beam width is then the number of its sequences. Default: none.
   */
  readonly usesBeamSearch?: (request: number) => boolean;
  /** Which beams live on; default: `oldestDies`. */
  readonly beamSurvival?: BeamSurvival;
  /** Groups that just decode are not looked at in each step; see `settle`. */
  readonly fast?: boolean;
}

/** A group in the batch. */
export interface Scheduled {
  readonly request: number;
  /** Tokens for a prefill; 1 for a decode, of however many sequences. */
  readonly chunk: number;
  readonly isPrefill: boolean;
  /** Computed tokens of its first running sequence before the step. */
  readonly numComputed: number;
}

/**
 * vLLM 0.6.3's scheduler with its block manager v2, decision by decision. One engine step is `schedule` and
 * then `updateFromOutput`; requests come and go between steps. Requests are rows of the workload.
 *
 * Where vLLM 0.6.3 raises, EngineCrash is thrown, and the scheduler must not be used any more.
 */
export class V0Scheduler {
  readonly groups: SequenceGroups;
  readonly queues: Queues;
  readonly blocks: BlockSpaceManager;
  /** What the step's duration depends on. */
  readonly shape: BatchShape;

  private readonly core: V0Core;
  private readonly config: V0SchedulerConfig;
  private readonly workload: Workload;
  private readonly delay = new PromptDelay();
  private readonly priority: PriorityPreemption | null;
  private readonly outputs: OutputProcessor;
  /** The step that was scheduled last. It counts the groups that are on the fast path, `scheduled` lists them. */
  batch: V0Batch;
  /** Async: the batch whose outputs have not been looked at; else null. */
  private pending: V0Batch | null = null;
  private spare: V0Batch;

  constructor(workload: Workload, pool: V0PoolConfig, config: V0SchedulerConfig, hooks: V0Hooks = {}) {
    const core = new V0Core(workload, pool, config, hooks);
    this.core = core;
    this.config = config;
    this.workload = workload;
    this.groups = core.groups;
    this.queues = core.queues;
    this.blocks = core.blocks;
    this.outputs = new OutputProcessor(
      core,
      hooks.acceptance ?? (() => 0),
      hooks.usesBeamSearch ?? (() => false),
      hooks.beamSurvival ?? oldestDies,
    );
    this.priority = config.policy === 'priority' ? new PriorityPreemption(core) : null;
    core.processPending = (request) => {
      if (this.pending !== null) this.outputs.processAhead(this.pending, request);
    };
    this.batch = new V0Batch(config.maxNumSeqs);
    this.spare = new V0Batch(config.maxNumSeqs);
    this.shape = emptyBatch(config.maxNumSeqs);
  }

  /** Everything that happens is reported there from now on. */
  record(listener: V0Listener): void {
    this.queues.listener = listener;
    this.blocks.record(listener);
  }

  get hasUnfinished(): boolean {
    const { length } = this.queues;
    return length[Queue.Waiting] + length[Queue.Running] + length[Queue.Swapped] > 0;
  }

  /** Groups that ended since the last schedule() began, in the order in which their outputs were applied. */
  get finished(): readonly number[] {
    return this.core.finished;
  }

  /** A request arrives (vLLM `add_seq_group`). */
  add(request: number, arrivalTime: number): void {
    this.groups.arrivalTime[request] = arrivalTime;
    this.queues.pushBack(request, Queue.Waiting, Move.Arrive);
  }

  /**
   * The client gave up (vLLM `abort_seq_group`). False if the request is in no queue.
   * @throws EngineCrash if it is swapped out and prefix caching is on.
   */
  abort(request: number): boolean {
    const { queues, groups, blocks } = this;
    if (queues.of[request] === Queue.None) return false;
    if (queues.of[request] === Queue.Running) this.settle();
    queues.remove(request, Move.Abort);
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] >= SequenceStatus.Finished) continue;
      groups.status[s] = SequenceStatus.Aborted;
      blocks.free(s);
    }
    return true;
  }

  /** Between steps: ends the fast path, so that every column of groups and blocks is what it is without it. */
  settle(): void {
    this.core.steady?.settle();
  }

  /** Groups that ever came to be steady. */
  get numSteadyJoins(): number {
    return this.core.steady?.numJoined ?? 0;
  }

  /** What the last schedule() decided, in its order, as long as the outputs are not applied. */
  *scheduled(): IterableIterator<Scheduled> {
    const { batch, core, queues } = this;
    yield* this.listed(0, batch.steadyAt);
    let request = queues.first(Queue.Running);
    for (let i = 0; i < batch.numSteady; i++) {
      yield { request, chunk: 1, isPrefill: false, numComputed: core.steady!.computedBefore(request) };
      request = queues.next[request];
    }
    yield* this.listed(batch.steadyAt, batch.size);
  }

  private *listed(start: number, end: number): IterableIterator<Scheduled> {
    const { batch, groups } = this;
    for (let at = start; at < end; at++) {
      const request = batch.request[at];
      const numComputed = groups.numComputed[groups.firstWith(request, SequenceStatus.Running)];
      yield { request, chunk: batch.chunk[at], isPrefill: batch.isPrefill[at] === 1, numComputed };
    }
  }

  /** One scheduling decision, `batch`. `now` is in the unit of arrival times, and never falls. */
  schedule(now: number): void {
    const { core } = this;
    engineAssert(core.stopped.length === 0, '', 'a prompt longer than max_model_len was stopped unfinished');
    if (this.pending !== null) this.batch = this.spare;
    const { batch } = this;
    core.beginStep(now, batch);
    if (this.config.enableChunkedPrefill) scheduleChunked(core, this.delay, batch);
    else scheduleDefault(core, this.delay, this.priority);
    this.dispatch(batch);
    this.blocks.markBlocksAsComputed();
  }

  /** Applies the outputs of the batch; with async outputs, those of the one before, and appends its tokens. */
  updateFromOutput(): void {
    const { outputs, batch } = this;
    if (this.pending !== null) {
      outputs.process(this.pending);
      this.spare = this.pending;
      this.pending = null;
    }
    if (!batch.isAsync) {
      outputs.process(batch);
      this.core.steady?.extend();
      return;
    }
    outputs.advance(batch);
    if (this.hasUnfinished) this.pending = batch;
    else outputs.process(batch);
  }

  /** The batch is final: who samples in it, and its shape. */
  private dispatch(batch: V0Batch): void {
    const { shape, groups, blocks, core } = this;
    const { numSequences } = this.workload;
    invariant(batch.size <= this.config.maxNumSeqs, 'the budget bounds the batch');
    batch.isAsync = this.config.asyncOutputProc;
    const { numSteady } = batch;
    if (numSteady > 0) core.steady?.tick();
    clearBatch(shape);
    shape.numRequests = numSteady + batch.size;
    shape.numTokens = numSteady;
    shape.numSampled = numSteady;
    shape.numDecodes = numSteady;
    if (numSteady > 0) {
      shape.decodeContextTokens = core.steady!.contextTokens;
      shape.maxDecodeContext = core.steady!.longestContext;
    }
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      const chunk = batch.chunk[at];
      const start = groups.start[request];
      const isPrefill = groups.isPrefill(request);
      if (numSequences[request] > 1) batch.isAsync = false;
      const end = groups.end(request);
      for (let s = start; s < end; s++) {
        if (groups.status[s] !== SequenceStatus.Running) continue;
        blocks.access(s, core.now);
        if (!isPrefill) addDecodes(shape, groups.numTokens[s], chunk, 1);
      }
      engineAssert(
        !isPrefill || groups.numSeqs[request] === 1,
        '',
        'the first of several sequences is recomputed after the others have ended',
      );
      const samples = !isPrefill || groups.numComputed[start] + chunk >= groups.numTokens[start];
      batch.isPrefill[at] = isPrefill ? 1 : 0;
      batch.samples[at] = samples ? 1 : 0;
      if (isPrefill) addPrefill(shape, groups.numComputed[start], chunk, samples);
    }
  }
}
