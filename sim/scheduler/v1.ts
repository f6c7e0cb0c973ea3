import { invariant } from '../error.ts';
import { checkKvCache } from '../pool/invariants.ts';
import type { KvCacheManager } from '../pool/kv-cache-manager.ts';
import type { EventSink } from '../recording/event-sink.ts';
import { RequestState } from '../recording/events.ts';
import type { StepRow } from '../recording/recorder.ts';
import type { SpanLog } from '../recording/span-log.ts';
import { AdmissionStop } from '../recording/tables.ts';
import { addDecodes, addPrefill, type BatchShape, clearBatch, emptyBatch } from '../time/step-time.ts';
import type { Workload } from '../workload/workload.ts';
import type { Batch } from './batch.ts';
import { type PoolConfig, type SchedulerConfig, tokenBudgetOf } from './config.ts';
import type { EncoderInputs } from './encoder-inputs.ts';
import type { Acceptance, EngineScheduler, RequestListener } from './engine-scheduler.ts';
import { V1Core } from './v1/core.ts';
import { OutputProcessor } from './v1/outputs.ts';
import { SteadyDecodes } from './v1/steady-decodes.ts';
import type { WaitingQueue } from './waiting-queue.ts';

export interface V1Hooks {
  /** Default: no draft is accepted. */
  readonly acceptance?: Acceptance;
  readonly listener?: RequestListener;
  /** Requests that just decode are not looked at in each step; see `settle`. */
  readonly fast?: boolean;
  /** What reconfigure() may raise max_num_seqs to. */
  readonly mostSeqs?: number;
}

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
  /** request → … */
  readonly numOutputs: Int32Array;
  readonly numComputed: Int32Array;
  /** null: nobody has images. */
  readonly encoderInputs: EncoderInputs | null;

  // The last schedule()
  /** What the step's duration depends on. */
  readonly shape: BatchShape;
  admissionStop: AdmissionStop = AdmissionStop.QueueEmpty;
  /** Free blocks that the first in the queue needed, if it was refused for want of them; else 0. */
  admissionNeed = 0;

  private readonly core: V1Core;
  private readonly outputs: OutputProcessor;
  /** The fast path; null where it is off or does not apply. */
  private readonly steady: SteadyDecodes | null;
  private tokenBudget: number;

  constructor(workload: Workload, pool: PoolConfig, config: SchedulerConfig, hooks: V1Hooks = {}) {
    const mostSeqs = Math.max(config.maxNumSeqs, hooks.mostSeqs ?? 0);
    const core = new V1Core(workload, pool, config, mostSeqs, hooks.listener ?? null);
    this.core = core;
    this.kv = core.kv;
    this.waiting = core.waiting;
    this.running = core.running;
    this.numOutputs = core.numOutputs;
    this.numComputed = core.numComputed;
    this.encoderInputs = core.encoderInputs;
    this.outputs = new OutputProcessor(core, hooks.acceptance ?? (() => 0));
    const isSteadyPossible = hooks.fast === true && config.numSpeculativeTokens === 0;
    this.steady = isSteadyPossible ? new SteadyDecodes(core, this.outputs) : null;
    this.tokenBudget = tokenBudgetOf(config);
    this.shape = emptyBatch(mostSeqs);
  }

  /** Goes on with other settings, of those that can be switched; requests that run do so even above a new limit. */
  reconfigure(config: SchedulerConfig): void {
    invariant(config.maxNumSeqs <= this.core.mostSeqs, 'there is room for so many');
    this.settle();
    this.core.configure(config);
    this.tokenBudget = tokenBudgetOf(config);
  }

  /** Everything that happens is reported there from now on. */
  record(log: EventSink, spans: SpanLog | null): void {
    const { core } = this;
    core.log = log;
    core.spans.log = spans;
    core.kv.record(log);
    if (core.encoderInputs !== null) core.encoderInputs.log = log;
  }

  /**
   * Requests of the last batch in scheduling order, with the tokens that each computes. On the fast path, those
   * that just decode are not listed; `shape` counts them.
   */
  get batch(): { readonly size: number; readonly request: Int32Array; readonly numTokens: Int32Array } {
    const { inFlight } = this.core;
    return inFlight[inFlight.length - 1];
  }

  get numInFlight(): number {
    return this.core.inFlight.length;
  }

  get numRunning(): number {
    return this.core.numRunning;
  }

  get numWaiting(): number {
    return this.waiting.length;
  }

  get hasUnfinished(): boolean {
    return this.core.numRunning > 0 || this.waiting.length > 0;
  }

  get prefixCacheQueries(): number {
    return this.core.prefixCacheQueries;
  }

  get prefixCacheHits(): number {
    return this.core.prefixCacheHits;
  }

  /** Token slots in block tables of running requests that hold no token yet. */
  get emptySlots(): number {
    return this.core.emptySlots;
  }

  /**
   * A request arrives (vLLM `add_request`). Its prompt must be shorter than max_model_len. The time only
   * orders requests of equal priority.
   */
  add(request: number, arrivalTime: number): void {
    this.core.add(request, arrivalTime);
  }

  /** The client gave up (vLLM `finish_requests`). False if the request is unknown or has ended. */
  abort(request: number): boolean {
    const state = this.core.state[request];
    if (state === RequestState.NotArrived || state === RequestState.Ended) return false;
    this.settle();
    this.core.abort(request);
    return true;
  }

  /**
   * Empties the prefix cache (vLLM `reset_prefix_cache`), which works only while nobody holds a block.
   * With `preemptRunning` everybody who runs is preempted for it, and what is in flight for them is lost.
   */
  resetPrefixCache(preemptRunning: boolean): boolean {
    const { core } = this;
    this.settle();
    while (preemptRunning && core.numRunning > 0) {
      const request = core.running[core.numRunning - 1];
      core.preempt(core.numRunning - 1);
      core.discardInFlight(request);
    }
    return core.resetPrefixCache();
  }

  /** One scheduling decision; the batch it makes is then in flight, unless it is empty and nothing happened. */
  schedule(): boolean {
    const { core } = this;
    this.makeBatch();
    if (this.shape.numRequests > 0 || core.numPreemptedInStep > 0) return true;
    const batch = core.inFlight.pop();
    invariant(batch !== undefined, 'the batch was just made');
    core.recycle(batch);
    core.step--;
    return false;
  }

  describe(row: StepRow): void {
    const { core } = this;
    const { pool } = core.kv;
    row.numRunning = core.numRunning;
    row.numWaiting = core.waiting.length;
    row.numFreeBlocks = pool.numFree;
    row.numCachedFreeBlocks = pool.numCachedFree;
    row.reservedSlots = core.reservedSlots();
    row.internalWasteSlots = core.emptySlots - row.reservedSlots;
    row.admissionStop = this.admissionStop;
    row.admissionNeed = this.admissionNeed;
  }

  checkPool(): void {
    checkKvCache(this.kv);
  }

  /** Ends the fast path: every counter is what it would be on the plain one. */
  settle(): void {
    this.steady?.settle();
  }

  /** As schedule(), but the batch is in flight even if it is empty: vLLM runs such steps too. */
  makeBatch(): void {
    const { core, steady, tokenBudget } = this;
    const batch = core.newBatch();
    core.numPreemptedInStep = 0;
    core.encoderInputs?.startStep();
    const start = steady?.schedule(batch, tokenBudget) ?? 0;
    const budget = this.scheduleRunning(batch, tokenBudget - batch.numSteady - batch.size, start);
    this.admitWaiting(batch, budget);
    this.dispatch(batch);
    core.inFlight.push(batch);
    core.step++;
  }

  /** Phase A: running requests from an index on, in list order. Returns the budget that is left. */
  private scheduleRunning(batch: Batch, budget: number, start: number): number {
    const { core } = this;
    const { config, running, kv, encoderInputs: encoder } = core;
    const { numPromptTokens, maxTokens } = core.workload;
    const { longPrefillTokenThreshold: threshold, maxModelLen, numLookaheadTokens } = config;
    let i = start;
    while (i < core.numRunning && budget > 0) {
      const request = running[i];
      const computed = core.numComputed[request];
      const placeholders = core.numPlaceholders[request];
      if (placeholders > 0 && computed + 2 - placeholders >= numPromptTokens[request] + maxTokens[request]) {
        // The batch in flight surely reaches max_tokens.
        i++;
        continue;
      }
      const numTokens = core.numTokens(request);
      let n = numTokens + core.numPending[request] + placeholders - computed;
      if (threshold > 0 && n > threshold) n = threshold;
      if (n > budget) n = budget;
      if (n > maxModelLen - 1 - computed) n = maxModelLen - 1 - computed;
      if (encoder !== null) n = encoder.trySchedule(request, computed, n);
      if (n <= 0) {
        i++;
        continue;
      }
      let fits = kv.allocateRunning(request, computed, n, numLookaheadTokens, numTokens);
      if (!fits && batch.numSteady > 0) this.steady?.list(batch);
      while (!fits) {
        const victimAt = core.victim();
        const victim = running[victimAt];
        if (victimAt < i && core.scheduledIn[victim] === core.step + 1) {
          budget += batch.remove(victim);
          encoder?.giveBack(victim);
          i--;
        }
        core.preempt(victimAt);
        if (victim === request) break;
        fits = kv.allocateRunning(request, computed, n, numLookaheadTokens, numTokens);
      }
      if (!fits) break;
      const drafts = Math.max(0, n + computed - numTokens - placeholders);
      core.numPending[request] = 0;
      core.put(batch, request, n, drafts);
      encoder?.commit(request);
      budget -= n;
      i++;
    }
    return budget;
  }

  /** Phase B: waiting requests, from the head; the first that does not fit ends it. */
  private admitWaiting(batch: Batch, budget: number): void {
    const { core } = this;
    this.admissionNeed = 0;
    if (core.numPreemptedInStep > 0) {
      this.admissionStop = AdmissionStop.Preempted;
      return;
    }
    const { config, kv, waiting, encoderInputs: encoder } = core;
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
      if (core.numRunning >= config.maxNumSeqs) {
        this.admissionStop = AdmissionStop.MaxNumSeqs;
        return;
      }
      const request = waiting.head;
      const numTokens = core.numTokens(request);
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
      core.admit(request, hit);
      kv.allocateWaiting(request, n, numTokens);
      core.put(batch, request, n, 0);
      encoder?.commit(request);
      budget -= n;
    }
  }

  /** The batch is final: its tokens count as computed from here on, and its shape is taken. */
  private dispatch(batch: Batch): void {
    const { shape, core, steady } = this;
    const { spans, encoderInputs: encoder } = core;
    const { asyncScheduling, numSpeculativeTokens } = core.config;
    clearBatch(shape);
    steady?.dispatch(batch, shape);
    shape.numRequests += batch.size;
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      const n = batch.numTokens[at];
      const computed = core.numComputed[request];
      const after = computed + n;
      core.numComputed[request] = after;
      const samples = after >= core.numTokens(request) + core.numPlaceholders[request];
      batch.samples[at] = samples ? 1 : 0;
      if (samples && n === 1) addDecodes(shape, after, 1, 1);
      else addPrefill(shape, computed, n, samples);
      if (spans.log !== null && spans.foretold[request] !== n) {
        spans.tell(core.step, request, computed, n, samples && batch.numDrafts[at] === 0 ? 1 : 0);
      }
      if (asyncScheduling && samples) {
        core.numPlaceholders[request] += 1 + batch.numDrafts[at];
        core.numPending[request] = numSpeculativeTokens;
      }
    }
    core.numTableTokens += shape.numTokens;
    encoder?.encoded.describe(shape);
    if (spans.log !== null && shape.numRequests < core.numRunning) this.tellStalled(batch);
  }

  /** Running requests that their spans expected in the batch, but that are not in it. */
  private tellStalled(batch: Batch): void {
    const { core } = this;
    for (let i = this.steady?.tellLeftOut(batch) ?? 0; i < core.numRunning; i++) {
      const request = core.running[i];
      if (core.scheduledIn[request] === core.step + 1) continue;
      core.spans.stall(core.step, request, core.numComputed[request]);
    }
  }

  /** Applies the outputs of the oldest batch in flight (vLLM `update_from_output`). */
  updateFromOutput(): void {
    const { core, steady, outputs } = this;
    steady?.beforeOutputs();
    const batch = core.inFlight.shift();
    invariant(batch !== undefined, 'no batch in flight');
    const endedSteady = steady?.applyOutputs(batch) ?? 0;
    const ended = endedSteady + outputs.process(batch, steady);
    steady?.afterOutputs();
    if (ended > 0) core.removeEnded();
    steady?.extend();
    core.recycle(batch);
  }
}
