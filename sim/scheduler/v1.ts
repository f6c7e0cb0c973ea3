import { invariant } from '../error.ts';
import { checkKvCache } from '../pool/invariants.ts';
import { KvCacheManager } from '../pool/kv-cache-manager.ts';
import type { EventSink } from '../recording/event-sink.ts';
import type { StepRow } from '../recording/recorder.ts';
import { AdmissionStop, DETAIL_SHIFT, EventKind, RequestState } from '../recording/recording.ts';
import type { SpanLog } from '../recording/span-log.ts';
import { type BatchShape, emptyBatch } from '../time/step-time.ts';
import type { Workload } from '../workload/workload.ts';
import { Batch } from './batch.ts';
import type { PoolConfig, SchedulerConfig } from './config.ts';
import { EncoderInputs } from './encoder-inputs.ts';
import type { EngineScheduler, RequestListener } from './engine-scheduler.ts';
import { SteadyRequests } from './steady-requests.ts';
import { type PriorityKey, WaitingQueue } from './waiting-queue.ts';

/** No span foretells what the request does next: its computed tokens were rolled back. */
const UNFORESEEN = 255;

/** How many of the drafts of a request's i-th verification step the model accepts. */
export type Acceptance = (request: number, verification: number, numDrafts: number) => number;

/**
 * vLLM's V1 scheduler (`Scheduler`, `AsyncScheduler` at 9aaf83ef502f), decision by decision.
 *
 * There is no prefill or decode phase: each request catches up from num_computed_tokens to its known
 * tokens. `schedule()` serves the running requests in order and then admits waiting ones;
 * `updateFromOutput()` applies what the oldest batch in flight sampled. Requests are rows of the workload.
 */
export class V1Scheduler implements EngineScheduler {
  readonly kv: KvCacheManager;
  readonly waiting: WaitingQueue;
  /** Running requests in admission order; valid below numRunning. */
  readonly running: Int32Array;
  numRunning = 0;

  // The last schedule()
  /** What the step's duration depends on. */
  readonly shape: BatchShape;
  admissionStop: AdmissionStop = AdmissionStop.QueueEmpty;
  /** Free blocks that the first in the queue needed, if it was refused for want of them; else 0. */
  admissionNeed = 0;
  numPreemptedInStep = 0;
  /** Tokens with KV in the tables of running requests, this step's tokens included. */
  private numTableTokens = 0;
  /** Prefix cache statistics as vLLM counts them: tokens looked up and found, at admission. */
  prefixCacheQueries = 0;
  prefixCacheHits = 0;

  // request → …
  /** RequestState. */
  readonly state: Uint8Array;
  readonly numOutputs: Int32Array;
  readonly numComputed: Int32Array;
  private readonly arrivalTime: Float64Array;
  /** Draft tokens proposed and not yet scheduled. */
  private readonly numPending: Int32Array;
  /** Async: output tokens that are promised by batches in flight. */
  private readonly numPlaceholders: Int32Array;
  private readonly numVerifications: Int32Array;
  /** Async: outputs in flight that belong to a KV cache that was reset. */
  private readonly numDiscarded: Uint8Array;
  /** Tokens that the request's span foretells for this step (see SpanColumns). */
  private readonly foretold: Uint8Array;
  /** Step in which the request was last put into the batch, + 1. */
  private readonly scheduledIn: Int32Array;

  private readonly workload: Workload;
  private config: SchedulerConfig;
  private readonly enablePrefixCaching: boolean;
  private tokenBudget: number;
  /** Requests that ever run at once. */
  private readonly mostSeqs: number;
  private readonly acceptance: Acceptance;
  private readonly listener: RequestListener | null;
  /** The batch being made, and batches in flight from the oldest; async keeps one more than sync. */
  private readonly inFlight: Batch[] = [];
  private readonly spare: Batch[] = [];
  private step = 0;

  /** null: nobody has images. */
  readonly encoderInputs: EncoderInputs | null;
  /** The fast path; null where it is off or does not apply. */
  private readonly steady: SteadyRequests | null;
  /** request → the first step in which it was steady. */
  private readonly steadySince: Int32Array;
  /** Async: they were steady until their last output was under way; in running order, until it comes … */
  private readonly leftOut: number[] = [];
  /** … and the step that first did without them. */
  private leftOutIn = 0;
  private readonly leaveOut = (request: number) => this.leftOut.push(request);
  /** Scratch: the steady requests of a batch. */
  private readonly named: Int32Array;
  private readonly finishListed = (request: number) => this.finish(request);
  private log: EventSink | null = null;
  private spans: SpanLog | null = null;

  constructor(
    workload: Workload,
    pool: PoolConfig,
    config: SchedulerConfig,
    hooks: {
      acceptance?: Acceptance;
      listener?: RequestListener;
      fast?: boolean;
      /** What reconfigure() may raise max_num_seqs to. */
      mostSeqs?: number;
    } = {},
  ) {
    const n = workload.numRequests;
    this.workload = workload;
    this.config = config;
    this.enablePrefixCaching = pool.enablePrefixCaching;
    this.tokenBudget = tokenBudgetOf(config);
    this.mostSeqs = Math.max(config.maxNumSeqs, hooks.mostSeqs ?? 0);
    this.acceptance = hooks.acceptance ?? (() => 0);
    this.listener = hooks.listener ?? null;
    this.kv = new KvCacheManager(workload, pool, config);
    this.arrivalTime = new Float64Array(n);
    this.waiting = new WaitingQueue(n, this.queueKey());
    this.running = new Int32Array(this.mostSeqs);
    this.state = new Uint8Array(n);
    this.numOutputs = new Int32Array(n);
    this.numComputed = new Int32Array(n);
    this.numPending = new Int32Array(n);
    this.numPlaceholders = new Int32Array(n);
    this.numVerifications = new Int32Array(n);
    this.numDiscarded = new Uint8Array(n);
    this.foretold = new Uint8Array(n);
    this.scheduledIn = new Int32Array(n);
    this.named = new Int32Array(this.mostSeqs);
    const hasImages = config.encoder !== undefined && workload.itemContent.length > 0;
    this.encoderInputs = hasImages ? new EncoderInputs(workload, config.encoder, config.useEagle) : null;
    this.steadySince = new Int32Array(n);
    this.steady = hooks.fast === true && config.numSpeculativeTokens === 0 ? this.makeSteady() : null;
    this.shape = emptyBatch(this.mostSeqs);
  }

  /** Goes on with other settings, of those that can be switched; requests that run do so even above a new limit. */
  reconfigure(config: SchedulerConfig): void {
    invariant(config.maxNumSeqs <= this.mostSeqs, 'there is room for so many');
    this.settle();
    this.config = config;
    this.tokenBudget = tokenBudgetOf(config);
    this.waiting.orderBy(this.queueKey());
  }

  private queueKey(): PriorityKey | null {
    const { priority, ids } = this.workload;
    return this.config.policy === 'priority' ? { priority, arrivalTime: this.arrivalTime, ids } : null;
  }

  /** Everything that happens is reported there from now on. */
  record(log: EventSink, spans: SpanLog | null): void {
    this.log = log;
    this.spans = spans;
    this.kv.log = log;
    if (this.encoderInputs !== null) this.encoderInputs.log = log;
  }

  /**
   * Requests of the last batch in scheduling order, with the tokens that each computes. On the fast path, those
   * that just decode are not listed; `shape` counts them.
   */
  get batch(): { readonly size: number; readonly request: Int32Array; readonly numTokens: Int32Array } {
    return this.inFlight[this.inFlight.length - 1];
  }

  get numInFlight(): number {
    return this.inFlight.length;
  }

  get numWaiting(): number {
    return this.waiting.length;
  }

  get hasUnfinished(): boolean {
    return this.numRunning > 0 || this.waiting.length > 0;
  }

  /** Token slots in block tables of running requests that hold no token yet. */
  get emptySlots(): number {
    return this.kv.numTableSlots - this.numTableTokens * this.kv.tables.length;
  }

  /** Those of them that lie in whole blocks: look-ahead and rejected drafts. O(running) where there are any. */
  reservedSlots(): number {
    if (this.config.numSpeculativeTokens === 0 && this.config.numLookaheadTokens === 0) return 0;
    let slots = 0;
    for (let i = 0; i < this.numRunning; i++) {
      slots += this.kv.wholeEmptySlots(this.running[i], this.numComputed[this.running[i]]);
    }
    return slots;
  }

  /**
   * A request arrives (vLLM `add_request`). Its prompt must be shorter than max_model_len. The time only
   * orders requests of equal priority.
   */
  add(request: number, arrivalTime: number): void {
    this.state[request] = RequestState.Waiting;
    this.arrivalTime[request] = arrivalTime;
    this.waiting.pushBack(request);
    if (this.log !== null) this.log.event(EventKind.Arrive, request, 0, 0);
  }

  /** The client gave up (vLLM `finish_requests`). False if the request is unknown or has ended. */
  abort(request: number): boolean {
    const state = this.state[request];
    if (state === RequestState.NotArrived || state === RequestState.Ended) return false;
    this.settle();
    let before: number;
    if (state === RequestState.Running) {
      const at = this.running.indexOf(request);
      before = at === 0 ? 0 : this.running[at - 1] + 1;
      this.removeRunningAt(at);
      this.numTableTokens -= this.numComputed[request];
    } else {
      before = this.waiting.remove(request);
    }
    this.kv.free(request);
    this.encoderInputs?.free(request);
    this.state[request] = RequestState.Ended;
    if (this.log !== null)
      this.log.event(EventKind.Abort | (state << DETAIL_SHIFT), request, this.numOutputs[request], before);
    return true;
  }

  /**
   * Empties the prefix cache (vLLM `reset_prefix_cache`), which works only while nobody holds a block.
   * With `preemptRunning` everybody who runs is preempted for it, and what is in flight for them is lost.
   */
  resetPrefixCache(preemptRunning: boolean): boolean {
    this.settle();
    if (preemptRunning) {
      while (this.numRunning > 0) {
        const request = this.running[this.numRunning - 1];
        this.preempt(this.numRunning - 1);
        if (this.numPlaceholders[request] > 0) this.discardInFlight(request);
      }
    }
    const { pool } = this.kv;
    const { log } = this;
    const numUsed = pool.numBlocks - 1 - pool.numFree;
    if (log !== null) log.event(EventKind.ResetCache, numUsed === 0 ? 1 : 0, numUsed, 0);
    return pool.resetPrefixCache((block, chain) => {
      if (log !== null) log.event(EventKind.Evict, 0, block, chain);
    });
  }

  /** Async: the outputs that batches in flight promise to the request will not come. */
  private discardInFlight(request: number): void {
    this.numDiscarded[request] = this.numSamplesInFlight(request);
    if (this.log !== null) this.log.event(EventKind.Rollback, request, this.numPlaceholders[request], 0);
    this.numPlaceholders[request] = 0;
  }

  /** Batches in flight that sample for the request: across stages, there can be several. */
  private numSamplesInFlight(request: number): number {
    let count = 0;
    for (const batch of this.inFlight) {
      const at = batch.request.subarray(0, batch.size).indexOf(request);
      if (at >= 0) count += batch.samples[at];
    }
    return count;
  }

  /** One scheduling decision; the batch it makes is then in flight, unless it is empty and nothing happened. */
  schedule(): boolean {
    this.makeBatch();
    if (this.shape.numRequests > 0 || this.numPreemptedInStep > 0) return true;
    const batch = this.inFlight.pop();
    invariant(batch !== undefined, 'the batch was just made');
    this.spare.push(batch);
    this.step--;
    return false;
  }

  describe(row: StepRow): void {
    const { pool } = this.kv;
    row.numRunning = this.numRunning;
    row.numWaiting = this.waiting.length;
    row.numFreeBlocks = pool.numFree;
    row.numCachedFreeBlocks = pool.numCachedFree;
    row.reservedSlots = this.reservedSlots();
    row.internalWasteSlots = this.emptySlots - row.reservedSlots;
    row.admissionStop = this.admissionStop;
    row.admissionNeed = this.admissionNeed;
  }

  /** As schedule(), but the batch is in flight even if it is empty: vLLM runs such steps too. */
  makeBatch(): void {
    const batch = this.spare.pop() ?? new Batch(this.mostSeqs);
    batch.clear();
    batch.step = this.step;
    this.numPreemptedInStep = 0;
    this.encoderInputs?.startStep();
    const budget = this.scheduleSteady(batch);
    this.admitWaiting(batch, budget);
    this.dispatch(batch);
    this.inFlight.push(batch);
    this.step++;
  }

  /**
   * Phase A: of steady requests only those that are due are looked at, then the others follow. Where a steady
   * one finds no block, the plain path goes on from it.
   */
  private scheduleSteady(batch: Batch): number {
    const { steady, tokenBudget } = this;
    const { asyncScheduling } = this.config;
    // With async scheduling, each of them waits for the output of the step before, and of no other.
    if (
      steady !== null &&
      (steady.count > tokenBudget || this.inFlight.length !== (asyncScheduling ? 1 : 0))
    ) {
      this.settle();
    }
    if (steady === null || steady.count === 0) return this.scheduleRunning(batch, tokenBudget, 0);
    const numInFront = steady.count;
    steady.takeDue();
    if (asyncScheduling) {
      this.leftOutIn = this.step;
      steady.leaveOutDue(this.leaveOut);
    }
    const refused = steady.serveDue();
    batch.numSteady = steady.count;
    if (refused < 0) return this.scheduleRunning(batch, tokenBudget - batch.numSteady, numInFront);
    const start = this.running.indexOf(refused);
    batch.numSteady = 0;
    for (let i = 0; i < start; i++) if (steady.has(this.running[i])) batch.numSteady++;
    const budget = tokenBudget - batch.numSteady;
    this.listSteady(batch);
    return this.scheduleRunning(batch, budget, start);
  }

  /** Leaves the fast path in the middle of phase A: the batch lists its steady requests from now on. */
  private listSteady(batch: Batch): void {
    this.nameSteady(batch);
    for (let i = 0; i < batch.size; i++) this.scheduledIn[batch.request[i]] = this.step + 1;
    this.settle();
  }

  /** The requests that a batch only counts are listed in it. */
  private nameSteady(batch: Batch): void {
    const { steady, running, named, steadySince } = this;
    let count = 0;
    for (let i = 0; i < this.numRunning && count < batch.numSteady; i++) {
      const request = running[i];
      if (steadySince[request] > batch.step) continue;
      if (steady?.has(request) || (batch.step < this.leftOutIn && this.leftOut.includes(request))) {
        named[count++] = request;
      }
    }
    invariant(count === batch.numSteady, 'who was steady still runs');
    batch.listSteady(named);
  }

  private makeSteady(): SteadyRequests {
    const { kv, numComputed, numOutputs, numPlaceholders } = this;
    const { numPromptTokens } = this.workload;
    const { asyncScheduling } = this.config;
    const numUnknown = asyncScheduling ? 1 : 0;
    return new SteadyRequests(this.workload.numRequests, this.mostSeqs, {
      nextAttentionAt: (request) => kv.nextAttentionAt(request, numUnknown),
      serve: (request, computed) => kv.allocateRunning(request, computed, 1, 0, computed + 1 - numUnknown),
      leave: (request, computed) => {
        const numPromised = asyncScheduling ? this.inFlight.length : 0;
        numOutputs[request] = computed + 1 - numPromised - numPromptTokens[request];
        numComputed[request] = computed;
        numPlaceholders[request] = numPromised;
      },
    });
  }

  checkPool(): void {
    checkKvCache(this.kv);
  }

  /** Ends the fast path: every counter is what it would be on the plain one. */
  settle(): void {
    const { steady } = this;
    if (steady === null || (steady.count === 0 && this.leftOut.length === 0)) return;
    for (const batch of this.inFlight) if (batch.numSteady > 0) this.nameSteady(batch);
    steady.settle();
    this.leftOut.length = 0;
  }

  /** Requests behind the steady ones join them once they decode. */
  private extendSteady(): void {
    const { steady, running } = this;
    if (steady === null || this.numPreemptedInStep > 0) return;
    const numPromised = this.config.asyncScheduling ? 1 : 0;
    if (this.inFlight.length !== numPromised) return;
    const { numPromptTokens } = this.workload;
    while (steady.count < this.numRunning) {
      const request = running[steady.count];
      const outputs = this.numOutputs[request];
      const computed = this.numComputed[request];
      // With no output yet it is a prompt's last token, whose sample the listener waits for.
      const isDecoding =
        outputs > 0 &&
        this.numPlaceholders[request] === numPromised &&
        this.numDiscarded[request] === 0 &&
        computed + 1 === numPromptTokens[request] + outputs + numPromised;
      if (!isDecoding || (this.spans !== null && this.foretold[request] !== 1)) return;
      this.steadySince[request] = this.step;
      steady.join(request, computed, this.mostOutputs(request) - outputs - numPromised);
    }
  }

  /** Outputs with which a request ends: its max_tokens, or what max_model_len leaves. */
  private mostOutputs(request: number): number {
    const { numPromptTokens, maxTokens } = this.workload;
    return Math.min(maxTokens[request], this.config.maxModelLen - numPromptTokens[request]);
  }

  /** Phase A: running requests from an index on, in list order. Returns the budget that is left. */
  private scheduleRunning(batch: Batch, budget: number, start: number): number {
    const { config, running, kv, encoderInputs: encoder } = this;
    const { numPromptTokens, maxTokens } = this.workload;
    const { longPrefillTokenThreshold: threshold, maxModelLen, numLookaheadTokens } = config;
    let i = start;
    while (i < this.numRunning && budget > 0) {
      const request = running[i];
      const computed = this.numComputed[request];
      const placeholders = this.numPlaceholders[request];
      if (placeholders > 0 && computed + 2 - placeholders >= numPromptTokens[request] + maxTokens[request]) {
        // The batch in flight surely reaches max_tokens.
        i++;
        continue;
      }
      const numTokens = numPromptTokens[request] + this.numOutputs[request];
      let n = numTokens + this.numPending[request] + placeholders - computed;
      if (threshold > 0 && n > threshold) n = threshold;
      if (n > budget) n = budget;
      if (n > maxModelLen - 1 - computed) n = maxModelLen - 1 - computed;
      if (encoder !== null) n = encoder.trySchedule(request, computed, n);
      if (n <= 0) {
        i++;
        continue;
      }
      let fits = kv.allocateRunning(request, computed, n, numLookaheadTokens, numTokens);
      if (!fits && batch.numSteady > 0) this.listSteady(batch);
      while (!fits) {
        const victimAt = this.victim();
        const victim = running[victimAt];
        if (victimAt < i && this.scheduledIn[victim] === this.step + 1) {
          budget += batch.remove(victim);
          encoder?.giveBack(victim);
          i--;
        }
        this.preempt(victimAt);
        if (victim === request) break;
        fits = kv.allocateRunning(request, computed, n, numLookaheadTokens, numTokens);
      }
      if (!fits) break;
      const drafts = Math.max(0, n + computed - numTokens - placeholders);
      this.numPending[request] = 0;
      this.put(batch, request, n, drafts);
      encoder?.commit(request);
      budget -= n;
      i++;
    }
    return budget;
  }

  /** Phase B: waiting requests, from the head; the first that does not fit ends it. */
  private admitWaiting(batch: Batch, budget: number): void {
    this.admissionNeed = 0;
    if (this.numPreemptedInStep > 0) {
      this.admissionStop = AdmissionStop.Preempted;
      return;
    }
    const { config, kv, waiting, encoderInputs: encoder } = this;
    const { numPromptTokens } = this.workload;
    const { longPrefillTokenThreshold: threshold } = config;
    for (;;) {
      if (waiting.length === 0) {
        this.admissionStop = AdmissionStop.QueueEmpty;
        return;
      }
      if (budget <= 0) {
        this.admissionStop = AdmissionStop.BudgetExhausted;
        return;
      }
      if (this.numRunning >= config.maxNumSeqs) {
        this.admissionStop = AdmissionStop.MaxNumSeqs;
        return;
      }
      const request = waiting.head;
      const numTokens = numPromptTokens[request] + this.numOutputs[request];
      kv.findHits(request, numTokens);
      const hit = kv.hitTokens;
      let n = numTokens - hit;
      if (threshold > 0 && n > threshold) n = threshold;
      if (!config.enableChunkedPrefill && n > budget) {
        this.admissionStop = AdmissionStop.PromptExceedsBudget;
        return;
      }
      if (n > budget) n = budget;
      if (encoder !== null) n = encoder.trySchedule(request, hit, n);
      if (n === 0) {
        this.admissionStop = AdmissionStop.EncoderBudget;
        return;
      }
      const needed = kv.blocksForWaiting(n, numTokens, config.schedulerReserveFullIsl);
      if (needed > kv.pool.numFree) {
        this.admissionStop = AdmissionStop.NoFreeBlocks;
        this.admissionNeed = needed;
        encoder?.free(request);
        return;
      }
      this.admit(request, hit);
      kv.allocateWaiting(request, n, numTokens);
      this.put(batch, request, n, 0);
      encoder?.commit(request);
      budget -= n;
    }
  }

  private admit(request: number, hit: number): void {
    if (this.enablePrefixCaching && this.state[request] === RequestState.Waiting) {
      this.prefixCacheQueries += this.workload.numPromptTokens[request] + this.numOutputs[request];
      this.prefixCacheHits += hit;
    }
    const state = this.state[request];
    const before = this.waiting.remove(request);
    this.running[this.numRunning++] = request;
    this.state[request] = RequestState.Running;
    this.numComputed[request] = hit;
    this.numTableTokens += hit;
    this.foretold[request] = 0;
    if (this.log !== null) this.log.event(EventKind.Admit | (state << DETAIL_SHIFT), request, hit, before);
    this.listener?.admitted(request, hit);
  }

  private put(batch: Batch, request: number, n: number, drafts: number): void {
    batch.put(request, n, drafts);
    this.scheduledIn[request] = this.step + 1;
  }

  /** Index in `running` of the request that loses its blocks (vLLM: last, or least important). */
  private victim(): number {
    const { running, numRunning } = this;
    if (this.config.policy === 'fcfs') return numRunning - 1;
    const { arrivalTime } = this;
    const { priority } = this.workload;
    let worst = 0;
    for (let i = 1; i < numRunning; i++) {
      const a = running[i];
      const b = running[worst];
      // Ties keep the first in list order: the request id is not looked at here, unlike in the queue.
      if (priority[a] > priority[b] || (priority[a] === priority[b] && arrivalTime[a] > arrivalTime[b]))
        worst = i;
    }
    return worst;
  }

  private preempt(at: number): void {
    const request = this.running[at];
    const before = at === 0 ? 0 : this.running[at - 1] + 1;
    this.removeRunningAt(at);
    this.kv.free(request);
    this.encoderInputs?.free(request);
    this.numTableTokens -= this.numComputed[request];
    this.state[request] = RequestState.Preempted;
    this.numComputed[request] = 0;
    this.numPending[request] = 0;
    this.scheduledIn[request] = 0;
    this.waiting.pushFront(request);
    this.numPreemptedInStep++;
    if (this.log !== null) this.log.event(EventKind.Preempt, request, 0, before);
    this.listener?.preempted(request);
  }

  /** The batch is final: its tokens count as computed from here on, and its shape is taken. */
  private dispatch(batch: Batch): void {
    const { shape, config } = this;
    const { numPromptTokens } = this.workload;
    const { numSteady } = batch;
    if (numSteady > 0) this.steady?.tick();
    if (numSteady > 0 && config.asyncScheduling) this.steady?.scheduleDue();
    shape.numRequests = numSteady + batch.size;
    let numTokensInStep = numSteady;
    let numSampled = numSteady;
    let numDecodes = numSteady;
    let decodeContextTokens = this.steady?.contextTokens ?? 0;
    let maxDecodeContext = this.steady?.longestContext ?? 0;
    let numPrefills = 0;
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      const n = batch.numTokens[at];
      const computed = this.numComputed[request];
      const after = computed + n;
      this.numComputed[request] = after;
      this.encoderInputs?.freeComputed(request, after);
      numTokensInStep += n;
      const samples =
        after >= numPromptTokens[request] + this.numOutputs[request] + this.numPlaceholders[request];
      batch.samples[at] = samples ? 1 : 0;
      if (samples) numSampled++;
      if (samples && n === 1) {
        numDecodes++;
        decodeContextTokens += after;
        if (after > maxDecodeContext) maxDecodeContext = after;
      } else {
        shape.prefillTokens[numPrefills] = n;
        shape.prefillComputed[numPrefills++] = computed;
      }
      if (this.spans !== null && this.foretold[request] !== n) {
        this.tellSpan(request, computed, n, samples && batch.numDrafts[at] === 0 ? 1 : 0);
      }
      if (config.asyncScheduling && samples) {
        this.numPlaceholders[request] += 1 + batch.numDrafts[at];
        this.numPending[request] = config.numSpeculativeTokens;
      }
    }
    this.numTableTokens += numTokensInStep;
    shape.numTokens = numTokensInStep;
    shape.numSampled = numSampled;
    shape.numDecodes = numDecodes;
    shape.decodeContextTokens = decodeContextTokens;
    shape.maxDecodeContext = maxDecodeContext;
    shape.numPrefills = numPrefills;
    this.encoderInputs?.encoded.describe(shape);
    if (this.spans !== null && shape.numRequests < this.numRunning) {
      for (const request of this.leftOut) {
        if (this.foretold[request] !== 0) this.tellSpan(request, this.numComputed[request], 0, 0);
      }
      this.tellStalled(numSteady + this.leftOut.length);
    }
  }

  /** Running requests that their spans expected in this batch, but that are not in it. */
  private tellStalled(start: number): void {
    for (let i = start; i < this.numRunning; i++) {
      const request = this.running[i];
      if (this.foretold[request] !== 0 && this.scheduledIn[request] !== this.step + 1) {
        this.tellSpan(request, this.numComputed[request], 0, 0);
      }
    }
  }

  private tellSpan(request: number, computed: number, n: number, rate: number): void {
    this.foretold[request] = rate;
    this.spans!.span(request, this.step, computed, n, rate);
  }

  /** Applies the outputs of the oldest batch in flight (vLLM `update_from_output`). */
  updateFromOutput(): void {
    const { asyncScheduling, numSpeculativeTokens } = this.config;
    const { steady } = this;
    // Outputs with no step behind them: nobody counts on the next ones.
    if (asyncScheduling && this.inFlight.length === 1 && steady !== null && steady.count > 0) this.settle();
    const batch = this.inFlight.shift();
    invariant(batch !== undefined, 'no batch in flight');
    let ended = 0;
    if (steady !== null && batch.numSteady > 0) {
      ended = asyncScheduling ? this.endLeftOut(batch) : steady.endDue(this.finishListed);
    }
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      // A steady one's outputs follow from the clock.
      if (this.state[request] === RequestState.Ended || steady?.has(request)) continue;
      if (batch.samples[at] === 0) continue;
      if (this.sample(request, batch.numDrafts[at])) {
        this.finish(request);
        ended++;
      } else if (!asyncScheduling && numSpeculativeTokens > 0) {
        this.numPending[request] = numSpeculativeTokens;
      }
    }
    this.leftOut.length = 0;
    if (ended > 0) this.removeEnded();
    this.extendSteady();
    this.spare.push(batch);
  }

  /** The last outputs of those that the step behind the batch left out; who is listed in the batch follows. */
  private endLeftOut(batch: Batch): number {
    let ended = 0;
    for (const request of this.leftOut) {
      if (this.steadySince[request] > batch.step) continue;
      if (!this.sample(request, 0)) continue;
      this.finish(request);
      ended++;
    }
    return ended;
  }

  /** Appends what the step sampled for the request; true if that ends it. */
  private sample(request: number, numDrafts: number): boolean {
    const { asyncScheduling } = this.config;
    let sampled = 1;
    if (numDrafts > 0) {
      const accepted = Math.min(
        this.acceptance(request, this.numVerifications[request]++, numDrafts),
        numDrafts,
      );
      this.rejectDrafts(request, numDrafts - accepted);
      sampled += accepted;
    }
    if (this.numDiscarded[request] > 0) {
      this.numDiscarded[request]--;
      return false;
    }
    const before = this.numOutputs[request];
    const most = this.mostOutputs(request);
    const outputs = Math.min(before + sampled, Math.max(most, before + 1));
    this.numOutputs[request] = outputs;
    if (before === 0) this.listener?.firstToken(request);
    if (asyncScheduling) {
      this.numPlaceholders[request] -= outputs - before;
      if (this.state[request] === RequestState.Running) {
        this.kv.cacheBlocks(request, this.numComputed[request] - this.numPlaceholders[request]);
      }
    }
    return outputs >= most;
  }

  private rejectDrafts(request: number, rejected: number): void {
    if (rejected === 0) return;
    // Zero computed tokens: preempted with this batch in flight.
    if (this.numComputed[request] > 0) {
      this.numComputed[request] -= rejected;
      this.numTableTokens -= rejected;
      this.foretold[request] = UNFORESEEN;
    }
    // Async without placeholders: nothing was promised since a reset.
    if (this.config.asyncScheduling && this.numPlaceholders[request] === 0) return;
    if (this.log !== null) this.log.event(EventKind.Rollback, request, rejected, 0);
    if (this.numPlaceholders[request] > 0) this.numPlaceholders[request] -= rejected;
  }

  private finish(request: number): void {
    const state = this.state[request];
    let before: number;
    if (state === RequestState.Running) {
      before = this.predecessorInRunning(request);
      this.numTableTokens -= this.numComputed[request];
    } else {
      // Preempted while its last batch was in flight.
      before = this.waiting.remove(request);
    }
    this.kv.free(request);
    this.encoderInputs?.free(request);
    this.state[request] = RequestState.Ended;
    if (this.log !== null)
      this.log.event(EventKind.Finish | (state << DETAIL_SHIFT), request, this.numOutputs[request], before);
    this.listener?.finished(request);
  }

  /** The nearest request before it in `running` that has not ended, + 1; 0 at the front. */
  private predecessorInRunning(request: number): number {
    let at = this.running.indexOf(request) - 1;
    while (at >= 0 && this.state[this.running[at]] === RequestState.Ended) at--;
    return at < 0 ? 0 : this.running[at] + 1;
  }

  private removeEnded(): void {
    let kept = 0;
    for (let i = 0; i < this.numRunning; i++) {
      const request = this.running[i];
      if (this.state[request] !== RequestState.Ended) this.running[kept++] = request;
    }
    this.numRunning = kept;
  }

  private removeRunningAt(at: number): void {
    this.running.copyWithin(at, at + 1, this.numRunning);
    this.numRunning--;
  }
}

/** Tokens of a step. */
function tokenBudgetOf({ maxNumScheduledTokens, maxNumBatchedTokens }: SchedulerConfig): number {
  return maxNumScheduledTokens ?? maxNumBatchedTokens;
}
