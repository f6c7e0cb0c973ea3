import { KvCacheManager } from '../../pool/kv-cache-manager.ts';
import type { EventSink } from '../../recording/event-sink.ts';
import { DETAIL_SHIFT, EventKind, RequestState } from '../../recording/events.ts';
import type { Workload } from '../../workload/workload.ts';
import { Batch } from '../batch.ts';
import type { PoolConfig, SchedulerConfig } from '../config.ts';
import { EncoderInputs } from '../encoder-inputs.ts';
import type { RequestListener } from '../engine-scheduler.ts';
import { type PriorityKey, WaitingQueue } from '../waiting-queue.ts';
import { SpanTeller } from './span-teller.ts';

/**
 * V1's requests, queues, pool and batches in flight, and what can be done to one request: admit, preempt, finish.
 * When and in which order is decided by `V1Scheduler`.
 */
export class V1Core {
  readonly workload: Workload;
  readonly kv: KvCacheManager;
  /** null: nobody has images. */
  readonly encoderInputs: EncoderInputs | null;
  readonly waiting: WaitingQueue;
  /** Running requests in admission order; valid below numRunning. */
  readonly running: Int32Array;
  numRunning = 0;
  /** Requests that ever run at once. */
  readonly mostSeqs: number;
  /** The step that is scheduled next, or now. */
  step = 0;
  /** The batch being made, and batches in flight from the oldest; async keeps one more than sync. */
  readonly inFlight: Batch[] = [];
  numPreemptedInStep = 0;
  /** Tokens with KV in the tables of running requests, this step's tokens included. */
  numTableTokens = 0;
  /** Prefix cache statistics as vLLM counts them: tokens looked up and found, at admission. */
  prefixCacheQueries = 0;
  prefixCacheHits = 0;

  // request → …
  /** RequestState. */
  readonly state: Uint8Array;
  readonly numOutputs: Int32Array;
  readonly numComputed: Int32Array;
  /** Draft tokens proposed and not yet scheduled. */
  readonly numPending: Int32Array;
  /** Async: output tokens that are promised by batches in flight. */
  readonly numPlaceholders: Int32Array;
  /** Async: batches whose outputs are left out since the KV cache was reset. */
  readonly numDiscarded: Int32Array;
  /** Step in which the request was last put into the batch, + 1. */
  readonly scheduledIn: Int32Array;
  private readonly arrivalTime: Float64Array;

  readonly spans: SpanTeller;
  readonly listener: RequestListener | null;
  log: EventSink | null = null;
  private readonly enablePrefixCaching: boolean;
  private readonly spare: Batch[] = [];
  private settings: SchedulerConfig;

  /** @param mostSeqs what configure() may raise max_num_seqs to. */
  constructor(
    workload: Workload,
    pool: PoolConfig,
    config: SchedulerConfig,
    mostSeqs: number,
    listener: RequestListener | null,
  ) {
    const n = workload.numRequests;
    this.workload = workload;
    this.settings = config;
    this.enablePrefixCaching = pool.enablePrefixCaching;
    this.mostSeqs = mostSeqs;
    this.listener = listener;
    this.kv = new KvCacheManager(workload, pool, config);
    const hasImages = config.encoder !== undefined && workload.itemContent.length > 0;
    this.encoderInputs = hasImages ? new EncoderInputs(workload, config.encoder, config.useEagle) : null;
    this.arrivalTime = new Float64Array(n);
    this.waiting = new WaitingQueue(n, this.queueKey());
    this.running = new Int32Array(mostSeqs);
    this.state = new Uint8Array(n);
    this.numOutputs = new Int32Array(n);
    this.numComputed = new Int32Array(n);
    this.numPending = new Int32Array(n);
    this.numPlaceholders = new Int32Array(n);
    this.numDiscarded = new Int32Array(n);
    this.scheduledIn = new Int32Array(n);
    this.spans = new SpanTeller(n);
  }

  get config(): SchedulerConfig {
    return this.settings;
  }

  configure(config: SchedulerConfig): void {
    this.settings = config;
    this.waiting.orderBy(this.queueKey());
  }

  private queueKey(): PriorityKey | null {
    const { priority, ids } = this.workload;
    return this.settings.policy === 'priority' ? { priority, arrivalTime: this.arrivalTime, ids } : null;
  }

  /** Token slots in block tables of running requests that hold no token yet. */
  get emptySlots(): number {
    return this.kv.numTableSlots - this.numTableTokens * this.kv.tables.length;
  }

  /** Those of them that lie in whole blocks: look-ahead and rejected drafts. O(running) where there are any. */
  reservedSlots(): number {
    if (this.settings.numSpeculativeTokens === 0 && this.settings.numLookaheadTokens === 0) return 0;
    let slots = 0;
    for (let i = 0; i < this.numRunning; i++) {
      slots += this.kv.wholeEmptySlots(this.running[i], this.numComputed[this.running[i]]);
    }
    return slots;
  }

  /** Prompt and outputs so far. */
  numTokens(request: number): number {
    return this.workload.numPromptTokens[request] + this.numOutputs[request];
  }

  /** Outputs with which a request ends: its max_tokens, or what max_model_len leaves. */
  mostOutputs(request: number): number {
    const { numPromptTokens, maxTokens } = this.workload;
    return Math.min(maxTokens[request], this.settings.maxModelLen - numPromptTokens[request]);
  }

  add(request: number, arrivalTime: number): void {
    this.state[request] = RequestState.Waiting;
    this.arrivalTime[request] = arrivalTime;
    this.waiting.pushBack(request);
    this.log?.event(EventKind.Arrive, request, 0, 0);
  }

  /** An empty batch for the step that is scheduled now. */
  newBatch(): Batch {
    const batch = this.spare.pop() ?? new Batch(this.mostSeqs);
    batch.clear();
    batch.step = this.step;
    return batch;
  }

  /** A batch is not needed any more. */
  recycle(batch: Batch): void {
    this.spare.push(batch);
  }

  put(batch: Batch, request: number, n: number, drafts: number): void {
    batch.put(request, n, drafts);
    this.scheduledIn[request] = this.step + 1;
  }

  /** The waiting request runs, with so many cached tokens. */
  admit(request: number, hit: number): void {
    if (this.enablePrefixCaching && this.state[request] === RequestState.Waiting) {
      this.prefixCacheQueries += this.numTokens(request);
      this.prefixCacheHits += hit;
    }
    const state = this.state[request];
    const before = this.waiting.remove(request);
    this.running[this.numRunning++] = request;
    this.state[request] = RequestState.Running;
    this.numComputed[request] = hit;
    this.numTableTokens += hit;
    this.spans.foretold[request] = 0;
    this.log?.event(EventKind.Admit | (state << DETAIL_SHIFT), request, hit, before);
    this.listener?.admitted(request, hit);
  }

  /** Index in `running` of the request that loses its blocks (vLLM: last, or least important). */
  victim(): number {
    const { running, numRunning, arrivalTime } = this;
    if (this.settings.policy === 'fcfs') return numRunning - 1;
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

  preempt(at: number): void {
    const request = this.running[at];
    const before = this.takeFromRunning(at);
    this.kv.free(request);
    this.encoderInputs?.free(request);
    this.state[request] = RequestState.Preempted;
    this.numComputed[request] = 0;
    this.numPending[request] = 0;
    this.waiting.pushFront(request);
    this.numPreemptedInStep++;
    this.log?.event(EventKind.Preempt, request, 0, before);
    this.listener?.preempted(request);
  }

  /**
   * Async: the outputs that batches in flight promise to the request will not come. vLLM leaves out as many batches
   * as there are placeholders: with drafts, that is more than are in flight, and later outputs are lost as well.
   */
  discardInFlight(request: number): void {
    this.numDiscarded[request] = this.numPlaceholders[request];
    if (this.numPlaceholders[request] === 0) return;
    this.log?.event(EventKind.Rollback, request, this.numPlaceholders[request], 0);
    this.numPlaceholders[request] = 0;
  }

  abort(request: number): void {
    const isRunning = this.state[request] === RequestState.Running;
    const before = isRunning
      ? this.takeFromRunning(this.running.indexOf(request))
      : this.waiting.remove(request);
    this.end(EventKind.Abort, request, before);
  }

  /** The request has all its outputs. It stays in `running` until removeEnded(). */
  finish(request: number): void {
    let before: number;
    if (this.state[request] === RequestState.Running) {
      before = this.predecessorInRunning(request);
      this.numTableTokens -= this.numComputed[request];
    } else {
      // Preempted while its last batch was in flight.
      before = this.waiting.remove(request);
    }
    this.end(EventKind.Finish, request, before);
    this.listener?.finished(request);
  }

  removeEnded(): void {
    let kept = 0;
    for (let i = 0; i < this.numRunning; i++) {
      const request = this.running[i];
      if (this.state[request] !== RequestState.Ended) this.running[kept++] = request;
    }
    this.numRunning = kept;
  }

  /** Empties the prefix cache; false if somebody holds a block. */
  resetPrefixCache(): boolean {
    const { pool } = this.kv;
    const numUsed = pool.numBlocks - 1 - pool.numFree;
    this.log?.event(EventKind.ResetCache, numUsed === 0 ? 1 : 0, numUsed, 0);
    return pool.resetPrefixCache((block, chain) => this.log?.event(EventKind.Evict, 0, block, chain));
  }

  /** @param before its neighbour in the queue that it leaves, + 1. */
  private end(kind: EventKind, request: number, before: number): void {
    const state = this.state[request];
    this.kv.free(request);
    this.encoderInputs?.free(request);
    this.state[request] = RequestState.Ended;
    this.log?.event(kind | (state << DETAIL_SHIFT), request, this.numOutputs[request], before);
  }

  /** Returns its neighbour in front + 1. */
  private takeFromRunning(at: number): number {
    const { running } = this;
    this.numTableTokens -= this.numComputed[running[at]];
    const before = at === 0 ? 0 : running[at - 1] + 1;
    running.copyWithin(at, at + 1, this.numRunning);
    this.numRunning--;
    return before;
  }

  /** The nearest request before it in `running` that has not ended, + 1; 0 at the front. */
  private predecessorInRunning(request: number): number {
    let at = this.running.indexOf(request) - 1;
    while (at >= 0 && this.state[this.running[at]] === RequestState.Ended) at--;
    return at < 0 ? 0 : this.running[at] + 1;
  }
}
