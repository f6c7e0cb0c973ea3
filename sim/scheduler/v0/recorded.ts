import { checkBlockSpace } from '../../pool/invariants.ts';
import { AllocStatus } from '../../pool/v0/block-space-manager.ts';
import type { EventSink } from '../../recording/event-sink.ts';
import type { StepRow } from '../../recording/recorder.ts';
import type { SpanLog } from '../../recording/span-log.ts';
import { AdmissionStop } from '../../recording/tables.ts';
import { Device, Move, Queue, Replace } from '../../recording/v0-listener.ts';
import { V0Recorder } from '../../recording/v0-recorder.ts';
import type { BatchShape } from '../../time/step-time.ts';
import type { Workload } from '../../workload/workload.ts';
import type { EngineScheduler, RequestListener } from '../engine-scheduler.ts';
import type { V0PoolConfig, V0SchedulerConfig } from './config.ts';
import { SequenceStatus } from './groups.ts';
import { SlotCounter } from './slot-counter.ts';
import { SpanTeller } from './span-teller.ts';
import { type V0Hooks, V0Scheduler } from './v0.ts';

/** Where what happens is told. */
export interface V0Outlets {
  readonly listener: RequestListener;
  readonly log: EventSink | null;
  readonly spans: SpanLog | null;
}

/**
 * V0's scheduler as the engine knows schedulers: tells it what becomes of requests, writes events and spans, and
 * counts the slots of the pool.
 */
export class RecordedV0 extends V0Recorder implements EngineScheduler {
  readonly scheduler: V0Scheduler;
  readonly numOutputs: Int32Array;
  /** Whole prompts are looked up and computed all the same: hits only share blocks. */
  prefixCacheQueries = 0;
  prefixCacheHits = 0;
  readonly traffic = { swappedOut: 0, swappedIn: 0, copied: 0, forks: 0 };

  private readonly workload: Workload;
  private readonly config: V0SchedulerConfig;
  private readonly blockSize: number;
  private readonly watermarkBlocks: number;
  private readonly enablePrefixCaching: boolean;
  private readonly listener: RequestListener;
  private readonly spans: SpanTeller | null;
  private readonly slots: SlotCounter;
  private readonly requestOf: Int32Array;
  /** request → 1 once it has sampled. */
  private readonly hasSampled: Uint8Array;

  // This schedule()
  private numMoves = 0;
  private numPreempted = 0;
  /** Admitted, and the tokens that the cache gave each of them. */
  private readonly admitted: number[] = [];
  private readonly cachedTokens: number[] = [];
  private readonly swappedOut: number[] = [];
  private isSwappingIn = false;
  /** Steady groups whose spans were told. */
  private numToldJoins = 0;

  constructor(
    workload: Workload,
    pool: V0PoolConfig,
    config: V0SchedulerConfig,
    hooks: V0Hooks,
    { listener, log, spans }: V0Outlets,
  ) {
    super(log);
    const n = workload.numRequests;
    this.workload = workload;
    this.config = config;
    this.blockSize = pool.blockSize;
    this.watermarkBlocks = Math.floor(pool.watermark * pool.numGpuBlocks);
    this.enablePrefixCaching = pool.enablePrefixCaching;
    this.listener = listener;
    this.spans = spans === null ? null : new SpanTeller(n, spans);
    this.scheduler = new V0Scheduler(workload, pool, config, hooks);
    this.scheduler.record(this);
    this.slots = new SlotCounter(this.scheduler.blocks, pool.blockSize);
    this.numOutputs = new Int32Array(n);
    this.hasSampled = new Uint8Array(n);
    this.requestOf = new Int32Array(workload.outputSegment.length);
    workload.sequenceStart.forEach((start, request) => {
      this.requestOf.fill(request, start, start + workload.numSequences[request]);
    });
  }

  get shape(): BatchShape {
    return this.scheduler.shape;
  }

  get hasUnfinished(): boolean {
    return this.scheduler.hasUnfinished;
  }

  get numRunning(): number {
    return this.scheduler.queues.length[Queue.Running];
  }

  get numWaiting(): number {
    return this.scheduler.queues.length[Queue.Waiting];
  }

  add(request: number, arrivalNs: number): void {
    this.scheduler.add(request, arrivalNs);
  }

  abort(request: number): boolean {
    return this.scheduler.abort(request);
  }

  /** vLLM 0.6.3 cannot be asked to. */
  resetPrefixCache(): void {}

  schedule(now: number): boolean {
    const { scheduler, listener } = this;
    this.numMoves = 0;
    this.numPreempted = 0;
    this.admitted.length = 0;
    this.cachedTokens.length = 0;
    this.swappedOut.length = 0;
    const { swappedOut, swappedIn, copied } = this.traffic;
    scheduler.schedule(now);
    scheduler.shape.swappedBlocks = this.traffic.swappedOut - swappedOut + this.traffic.swappedIn - swappedIn;
    scheduler.shape.copiedBlocks = this.traffic.copied - copied;
    this.admitted.forEach((request, i) => {
      const cached = this.cachedTokens[i];
      if (this.enablePrefixCaching) {
        this.prefixCacheQueries += scheduler.groups.numTokens[scheduler.groups.start[request]];
        this.prefixCacheHits += cached;
      }
      listener.admitted(request, cached);
    });
    this.slots.scheduled(
      scheduler.shape.numDecodes,
      (sequence) => !scheduler.groups.isPrefill(this.requestOf[sequence]),
    );
    if (this.config.numLookaheadSlots > 0) this.recountTokens();
    if (scheduler.shape.numRequests === 0 && this.numMoves === 0) return false;
    this.tellSpans();
    return true;
  }

  describe(row: StepRow): void {
    const { queues, blocks } = this.scheduler;
    row.numRunning = queues.length[Queue.Running];
    row.numWaiting = queues.length[Queue.Waiting];
    row.numFreeBlocks = blocks.gpu.numFree;
    row.numCachedFreeBlocks = blocks.gpu.numFree - blocks.gpu.numHashless;
    row.isPromptStep = this.isPromptStep ? 1 : 0;
    row.admissionNeed = 0;
    row.admissionStop = AdmissionStop.QueueEmpty;
    if (queues.length[Queue.Waiting] > 0) this.explainAdmissionStop(row);
    row.reservedSlots = this.reservedSlots();
    row.internalWasteSlots = this.slots.numEmpty - row.reservedSlots;
  }

  updateFromOutput(): void {
    const { scheduler, listener } = this;
    const { batch } = scheduler;
    scheduler.updateFromOutput();
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      if (batch.samples[at] === 0 || this.hasSampled[request] === 1) continue;
      this.hasSampled[request] = 1;
      listener.firstToken(request);
    }
    this.spans?.endStep();
  }

  checkPool(): void {
    checkBlockSpace(this.scheduler.blocks);
  }

  settle(): void {
    this.scheduler.settle();
    const { groups } = this.scheduler;
    for (let request = 0; request < this.workload.numRequests; request++) {
      let outputs = 0;
      for (let s = groups.start[request]; s < groups.end(request); s++) {
        if (groups.numTokens[s] > 0) outputs += groups.numOutputs(request, s);
      }
      this.numOutputs[request] = outputs;
    }
  }

  override move(request: number, why: Move, from: Queue, before: number, to: Queue, after: number): void {
    super.move(request, why, from, before, to, after);
    const { listener } = this;
    this.isSwappingIn = why === Move.SwapIn;
    switch (why) {
      case Move.Arrive:
      case Move.Reorder:
      case Move.Requeue:
        return;
      case Move.Admit:
        this.admitted.push(request);
        this.cachedTokens.push(0);
        break;
      case Move.SwapOut:
      case Move.ForceSwapOut:
        this.swappedOut.push(request);
        this.preempted(request);
        break;
      case Move.Recompute:
      case Move.ForceRecompute:
        this.preempted(request);
        break;
      case Move.Ignore:
        listener.ignored?.(request);
        break;
      case Move.Finish:
        listener.finished(request);
        break;
    }
    this.numMoves++;
  }

  override take(sequence: number, device: Device, position: number, block: number): void {
    super.take(sequence, device, position, block);
    if (device === Device.Cpu) this.traffic.swappedOut++;
    else if (sequence >= 0) this.slots.appended(sequence, position);
  }

  override hit(sequence: number, device: Device, position: number, block: number, before: number): void {
    super.hit(sequence, device, position, block, before);
    if (device === Device.Cpu) {
      this.traffic.swappedOut++;
      return;
    }
    this.slots.appended(sequence, position);
    const last = this.admitted.length - 1;
    if (this.admitted[last] === this.requestOf[sequence]) this.cachedTokens[last] += this.blockSize;
  }

  override replace(
    sequence: number,
    why: Replace,
    position: number,
    old: number,
    block: number,
    before: number,
  ): void {
    super.replace(sequence, why, position, old, block, before);
    if (why === Replace.Copy) this.traffic.copied++;
  }

  override release(sequence: number, device: Device, position: number, block: number): void {
    super.release(sequence, device, position, block);
    if (device === Device.Gpu) this.slots.released(sequence, position);
    else if (this.isSwappingIn) this.traffic.swappedIn++;
  }

  override fork(parent: number, child: number): void {
    super.fork(parent, child);
    this.traffic.forks++;
    this.slots.forked(child);
  }

  private preempted(request: number): void {
    this.numPreempted++;
    this.listener.preempted(request);
  }

  /** Without chunked prefill a step is all prompts or all decodes. */
  private get isPromptStep(): boolean {
    return !this.config.enableChunkedPrefill && this.scheduler.batch.numPrefillGroups > 0;
  }

  /** Read off the state behind the decision: vLLM does not say why it stopped. */
  private explainAdmissionStop(row: StepRow): void {
    const { queues, blocks, groups, shape } = this.scheduler;
    const { maxNumSeqs, maxNumBatchedTokens, delayFactor, enableChunkedPrefill } = this.config;
    const request = queues.first(Queue.Waiting);
    const sequence = groups.firstWith(request, SequenceStatus.Waiting);
    if (sequence < 0) return;
    const isLast = row.numRunning + groups.maxNumRunningSeqs(request) > maxNumSeqs;
    if (this.numPreempted > 0) row.admissionStop = AdmissionStop.Preempted;
    else if (!enableChunkedPrefill && queues.length[Queue.Swapped] > 0)
      row.admissionStop = AdmissionStop.SwappedFirst;
    else if (blocks.canAllocate(sequence) !== AllocStatus.Ok) {
      row.admissionStop = AdmissionStop.NoFreeBlocks;
      row.admissionNeed = Math.ceil(groups.numTokens[sequence] / this.blockSize) + this.watermarkBlocks;
    } else if (isLast) row.admissionStop = AdmissionStop.MaxNumSeqs;
    else if (delayFactor > 0 && shape.numPrefills === 0 && !enableChunkedPrefill)
      row.admissionStop = AdmissionStop.PromptDelay;
    else if (shape.numTokens + groups.numTokens[sequence] > maxNumBatchedTokens)
      row.admissionStop = AdmissionStop.BudgetExhausted;
  }

  /** Slots of whole blocks that hold no token: look-ahead. */
  private reservedSlots(): number {
    if (this.config.numLookaheadSlots === 0) return 0;
    const { queues, groups, blocks } = this.scheduler;
    let slots = 0;
    for (const request of queues.in(Queue.Running)) {
      for (let s = groups.start[request]; s < groups.end(request); s++) {
        const blocksWithTokens = Math.ceil(blocks.numFullSlots[s] / this.blockSize);
        slots += Math.max(0, blocks.tables.length[s] - blocksWithTokens) * this.blockSize;
      }
    }
    return slots;
  }

  /** With look-ahead a decode writes as many tokens as were accepted before. */
  private recountTokens(): void {
    const { queues, groups, blocks } = this.scheduler;
    let tokens = 0;
    for (const request of queues.in(Queue.Running)) {
      for (let s = groups.start[request]; s < groups.end(request); s++) {
        if (groups.status[s] === SequenceStatus.Running) tokens += blocks.numFullSlots[s];
      }
    }
    this.slots.numTokens = tokens;
  }

  private tellSpans(): void {
    const { spans } = this;
    if (spans === null) return;
    const { batch, groups, queues } = this.scheduler;
    spans.beginStep(this.isPromptStep);
    for (const request of this.swappedOut) spans.stall(request, groups.numComputed[groups.start[request]]);
    // Who is steady does what was foretold when it joined.
    const { numSteadyJoins } = this.scheduler;
    if (numSteadyJoins !== this.numToldJoins) this.tellScheduled(spans);
    else {
      for (let at = 0; at < batch.size; at++) {
        const request = batch.request[at];
        const first = Math.max(groups.start[request], groups.firstWith(request, SequenceStatus.Running));
        spans.tell(request, groups.numComputed[first], batch.chunk[at], batch.samples[at]);
      }
    }
    this.numToldJoins = numSteadyJoins;
    // Accepted drafts are foretold by nothing, so with look-ahead a prompt step tells where the others stand.
    const isForetold = this.isPromptStep && this.config.numLookaheadSlots === 0;
    if (isForetold || batch.numSteady + batch.size === queues.length[Queue.Running]) return;
    const scheduled = new Set<number>();
    for (const { request } of this.scheduler.scheduled()) scheduled.add(request);
    for (const request of queues.in(Queue.Running)) {
      if (scheduled.has(request)) continue;
      const computed = groups.numComputed[groups.start[request]];
      if (this.isPromptStep) spans.tell(request, computed, 0, 1);
      else spans.stall(request, computed);
    }
  }

  private tellScheduled(spans: SpanTeller): void {
    for (const { request, chunk, isPrefill, numComputed } of this.scheduler.scheduled()) {
      const isComplete =
        !isPrefill ||
        numComputed + chunk >= this.scheduler.groups.numTokens[this.scheduler.groups.start[request]];
      spans.tell(request, numComputed, chunk, isComplete ? 1 : 0);
    }
  }
}
