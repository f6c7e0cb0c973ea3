import { invariant } from '../error.ts';
import { makeRegionAllocator } from '../pool/contiguous/placement.ts';
import {
  externalFragmentation,
  NO_REGION,
  type RegionAllocator,
} from '../pool/contiguous/region-allocator.ts';
import { IndexList } from '../pool/index-list.ts';
import { checkRegions } from '../pool/invariants.ts';
import { type ContiguousListener, FRONT, Leave } from '../recording/contiguous-listener.ts';
import type { StepRow } from '../recording/recorder.ts';
import { AdmissionStop } from '../recording/tables.ts';
import { addPrefill, type BatchShape, clearBatch, emptyBatch } from '../time/step-time.ts';
import type { Workload } from '../workload/workload.ts';
import type { ContiguousConfig } from './contiguous/config.ts';
import { RESERVATIONS } from './contiguous/reservation.ts';
import type { Region, SlotWaste } from './contiguous/slot-waste.ts';
import type { EngineScheduler, RequestListener } from './engine-scheduler.ts';

export interface ContiguousHooks {
  readonly listener?: RequestListener;
  /** Most tokens of a request, where that is less than max_model_len; more than its prompt has. */
  readonly maxLength?: (request: number) => number;
}

const Place = { Nowhere: 0, Waiting: 1, Running: 2 } as const;

/**
 * The systems that the PagedAttention paper compares vLLM with: a request reserves one region of slots for all
 * that it may become, first come, first served, and keeps it until its end. Nobody is preempted. A request is
 * one sequence: parallel samples have to be requests of their own, as nothing could be shared.
 *
 * Orca schedules by iteration: requests come and go between any two steps. Static batches (FasterTransformer
 * behind a request-level scheduler) admit only when nobody runs, and all leave when the last has ended.
 */
export class ContiguousScheduler implements EngineScheduler {
  readonly shape: BatchShape;
  readonly numOutputs: Int32Array;
  readonly prefixCacheQueries = 0;
  readonly prefixCacheHits = 0;
  readonly allocator: RegionAllocator;
  /** request → tokens that it will have in the end, prompt and outputs: what it needs. */
  readonly numFinal: Int32Array;
  /** request → slots that the policy reserves for it. */
  readonly numReserved: Int32Array;
  /** request → first slot; valid while it runs. */
  readonly offset: Int32Array;
  /** request → tokens in its slots, those of the step that was scheduled last included. */
  readonly numUsed: Int32Array;

  private readonly workload: Workload;
  private readonly config: ContiguousConfig;
  private readonly isStatic: boolean;
  private readonly listener: RequestListener | null;
  private log: ContiguousListener | null = null;
  private readonly waiting: IndexList;
  private readonly running: IndexList;
  private readonly place: Uint8Array;
  /** request → 1 if it will sample no more: a static batch may hold it still. */
  private readonly isOver: Uint8Array;
  private readonly isAborted: Uint8Array;
  private admissionStop: AdmissionStop = AdmissionStop.QueueEmpty;
  /** Slots that the first in the queue needs in one piece, if that is why it waits; else 0. */
  private admissionNeed = 0;

  // Sums over the running that are not over: tokens that are there, that will be there, and slots reserved for them.
  private sumUsed = 0;
  private sumFinal = 0;
  private sumReserved = 0;
  /** Slots reserved by those that are over. */
  private sumDead = 0;

  constructor(workload: Workload, config: ContiguousConfig, hooks: ContiguousHooks = {}) {
    const { numRequests: n, numPromptTokens, maxTokens, numSequences } = workload;
    invariant(
      numSequences.every((count) => count === 1),
      'a contiguous baseline has one sequence a request',
    );
    this.workload = workload;
    this.config = config;
    this.isStatic = config.policy === 'static';
    this.listener = hooks.listener ?? null;
    this.allocator = makeRegionAllocator(config.placement, config.totalSlots);
    this.waiting = new IndexList(n);
    this.running = new IndexList(n);
    this.place = new Uint8Array(n);
    this.isOver = new Uint8Array(n);
    this.isAborted = new Uint8Array(n);
    this.numOutputs = new Int32Array(n);
    this.numFinal = new Int32Array(n);
    this.numReserved = new Int32Array(n);
    this.offset = new Int32Array(n);
    this.numUsed = new Int32Array(n);
    const reservation = RESERVATIONS[config.policy];
    for (let request = 0; request < n; request++) {
      const prompt = numPromptTokens[request];
      const most = Math.max(prompt + 1, hooks.maxLength?.(request) ?? config.maxModelLen);
      const outputs = Math.min(maxTokens[request], most - prompt);
      this.numFinal[request] = prompt + outputs;
      this.numReserved[request] = reservation(prompt, outputs, most);
    }
    this.shape = emptyBatch(config.maxNumSeqs);
  }

  /** Everything that happens is reported there from now on. */
  record(log: ContiguousListener): void {
    this.log = log;
  }

  get hasUnfinished(): boolean {
    return this.waiting.length + this.running.length > 0;
  }

  get numRunning(): number {
    return this.running.length;
  }

  get numWaiting(): number {
    return this.waiting.length;
  }

  add(request: number, _arrivalNs: number): void {
    this.waiting.pushBack(request);
    this.place[request] = Place.Waiting;
    this.log?.arrive(request);
  }

  /** In a static batch, an aborted request keeps its slots until the batch has ended. */
  abort(request: number): boolean {
    if (this.place[request] === Place.Nowhere || this.isAborted[request] === 1) return false;
    if (this.place[request] === Place.Waiting) {
      this.drop(request, Leave.Abort);
      return true;
    }
    // A static batch has its answer, though nobody was told.
    this.isAborted[request] = 1;
    if (this.isOver[request] === 0) this.end(request);
    if (this.isStatic) this.releaseBatchIfOver();
    else this.release(request);
    return true;
  }

  resetPrefixCache(_preemptRunning: boolean): void {}

  settle(): void {}

  checkPool(): void {
    checkRegions(this.allocator, this.regions());
  }

  schedule(_now: number): boolean {
    const { shape } = this;
    clearBatch(shape);
    const isClosed = this.isStatic && this.running.length > 0;
    for (const request of this.running) this.decode(request);
    this.admissionStop = AdmissionStop.QueueEmpty;
    this.admissionNeed = 0;
    if (!isClosed) this.admit();
    else if (this.waiting.length > 0) this.admissionStop = AdmissionStop.MaxNumSeqs;
    return shape.numRequests > 0;
  }

  updateFromOutput(): void {
    const { running, numOutputs, numFinal, listener } = this;
    const { numPromptTokens } = this.workload;
    for (let request = running.first; request !== running.sentinel; ) {
      const next = running.next[request];
      if (this.isOver[request] === 0) {
        if (++numOutputs[request] === 1) listener?.firstToken(request);
        if (numPromptTokens[request] + numOutputs[request] === numFinal[request]) {
          this.end(request);
          if (!this.isStatic) this.release(request);
        }
      }
      request = next;
    }
    if (this.isStatic) this.releaseBatchIfOver();
  }

  /** Blocks of the row are slots; those that nobody has use for are all free to it. */
  describe(row: StepRow): void {
    const { internal, reserved, external } = this.waste();
    row.numRunning = this.running.length;
    row.numWaiting = this.waiting.length;
    row.numFreeBlocks = external;
    row.numCachedFreeBlocks = 0;
    row.internalWasteSlots = internal;
    row.reservedSlots = reserved;
    row.admissionStop = this.admissionStop;
    row.admissionNeed = this.admissionNeed;
  }

  /** What the slots are now: after schedule(), those that the step writes hold tokens already. */
  waste(): SlotWaste {
    const { allocator, config } = this;
    const { numFree, largestFree } = allocator;
    return {
      tokens: this.sumUsed,
      reserved: this.sumFinal - this.sumUsed,
      internal: this.sumReserved - this.sumFinal + this.sumDead,
      external: config.totalSlots - this.sumReserved - this.sumDead,
      free: numFree,
      unusable: this.admissionNeed > 0 && this.admissionNeed <= numFree ? numFree : 0,
      largestFreeBlock: largestFree,
      externalFragmentation: externalFragmentation(allocator),
    };
  }

  /** Who has which slots, in the order of admission; lengths include what was rounded up. */
  regions(): Region[] {
    const { running, offset, numUsed } = this;
    return Array.from(running, (request) => [
      request,
      offset[request],
      this.sizeOf(request),
      numUsed[request],
    ]);
  }

  /** First come, first served: the first that does not fit lets nobody pass. */
  private admit(): void {
    const { waiting, running, config, shape, workload } = this;
    while (waiting.length > 0) {
      const request = waiting.first;
      const prompt = workload.numPromptTokens[request];
      if (prompt > config.maxNumBatchedTokens || this.sizeOf(request) > this.allocator.largestRegion) {
        this.drop(request, Leave.Ignore);
        this.listener?.ignored?.(request);
        continue;
      }
      if (running.length === config.maxNumSeqs) {
        this.admissionStop = AdmissionStop.MaxNumSeqs;
        return;
      }
      if (shape.numTokens + prompt > config.maxNumBatchedTokens) {
        this.admissionStop = AdmissionStop.PromptExceedsBudget;
        return;
      }
      const offset = this.allocator.allocate(this.numReserved[request]);
      if (offset === NO_REGION) {
        this.admissionStop = AdmissionStop.NoFreeBlocks;
        this.admissionNeed = this.sizeOf(request);
        return;
      }
      this.start(request, offset);
    }
  }

  private start(request: number, offset: number): void {
    const { shape } = this;
    const prompt = this.workload.numPromptTokens[request];
    this.waiting.remove(request);
    this.running.pushBack(request);
    this.place[request] = Place.Running;
    this.offset[request] = offset;
    this.numUsed[request] = prompt;
    this.sumUsed += prompt;
    this.sumFinal += this.numFinal[request];
    this.sumReserved += this.numReserved[request];
    shape.numRequests++;
    addPrefill(shape, 0, prompt, true);
    this.log?.place(request, offset, this.sizeOf(request));
    this.listener?.admitted(request, 0);
  }

  /** One token more. In a static batch, one that is over is computed all the same, for nothing. */
  private decode(request: number): void {
    const { shape, numUsed } = this;
    if (this.isOver[request] === 0) {
      numUsed[request]++;
      this.sumUsed++;
      shape.numSampled++;
    }
    const context = numUsed[request];
    shape.numRequests++;
    shape.numTokens++;
    shape.numDecodes++;
    shape.decodeContextTokens += context;
    if (context > shape.maxDecodeContext) shape.maxDecodeContext = context;
  }

  /** It samples no more: of what it holds, nothing is of use. */
  private end(request: number): void {
    this.isOver[request] = 1;
    if (this.isStatic) this.log?.idle(request, this.numUsed[request]);
    this.sumUsed -= this.numUsed[request];
    this.sumFinal -= this.numFinal[request];
    this.sumReserved -= this.numReserved[request];
    this.sumDead += this.numReserved[request];
  }

  private releaseBatchIfOver(): void {
    const { running, isOver } = this;
    for (const request of running) if (isOver[request] === 0) return;
    while (running.length > 0) this.release(running.first);
  }

  /** Gives up the slots of one that is over; whoever was not told yet is told now. */
  private release(request: number): void {
    const { running, allocator } = this;
    const before = this.leave(running, request);
    allocator.release(this.offset[request], this.numReserved[request]);
    this.sumDead -= this.numReserved[request];
    const aborted = this.isAborted[request] === 1;
    const why = aborted ? Leave.Abort : Leave.Finish;
    this.log?.release(request, why, before, this.offset[request], this.sizeOf(request));
    if (!aborted) this.listener?.finished(request);
  }

  private drop(request: number, why: Leave): void {
    const before = this.leave(this.waiting, request);
    this.log?.drop(request, why, before);
  }

  private leave(queue: IndexList, request: number): number {
    const before = queue.prev[request];
    queue.remove(request);
    this.place[request] = Place.Nowhere;
    return before === queue.sentinel ? FRONT : before;
  }

  private sizeOf(request: number): number {
    return this.allocator.sizeFor(this.numReserved[request]);
  }
}
