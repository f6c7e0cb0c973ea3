import { invariant } from '../../error.ts';
import type { BatchShape } from '../../time/step-time.ts';
import type { Batch } from '../batch.ts';
import { type SteadyHost, SteadyRequests } from '../steady-requests.ts';
import type { V1Core } from './core.ts';
import type { OutputProcessor } from './outputs.ts';

/**
 * V1's fast path: the first requests of `running`, which all decode. With async scheduling each of them waits for the
 * output of the step before, and of no other; one whose last output is under way is left out of the next batch.
 */
export class SteadyDecodes implements SteadyHost {
  private readonly core: V1Core;
  private readonly outputs: OutputProcessor;
  private readonly requests: SteadyRequests;
  private readonly isAsync: boolean;
  /** Outputs of each that are under way while the next batch is made. */
  private readonly numPromised: 0 | 1;
  /** request → the first step in which it was steady. */
  private readonly since: Int32Array;
  /** Async: they were steady until their last output was under way; in running order, until it comes … */
  private readonly leftOut: number[] = [];
  /** … and the step that first did without them. */
  private leftOutIn = 0;
  /** Scratch: the steady requests of a batch. */
  private readonly named: Int32Array;
  private readonly leaveOut = (request: number) => this.leftOut.push(request);
  private readonly finish = (request: number) => this.core.finish(request);

  constructor(core: V1Core, outputs: OutputProcessor) {
    const { numRequests } = core.workload;
    this.core = core;
    this.outputs = outputs;
    this.requests = new SteadyRequests(numRequests, core.mostSeqs, this);
    this.isAsync = core.config.asyncScheduling;
    this.numPromised = this.isAsync ? 1 : 0;
    this.since = new Int32Array(numRequests);
    this.named = new Int32Array(core.mostSeqs);
  }

  has(request: number): boolean {
    return this.requests.has(request);
  }

  /**
   * Puts them into a batch: of all only those that are due are looked at. Returns the index in `running` from which the
   * plain path goes on: behind them, or at the first that finds no block.
   */
  schedule(batch: Batch, tokenBudget: number): number {
    const { requests, core } = this;
    if (requests.count > tokenBudget || core.inFlight.length !== this.numPromised) this.settle();
    const numInFront = requests.count;
    if (numInFront === 0) return 0;
    requests.takeDue();
    if (this.isAsync) {
      this.leftOutIn = core.step;
      requests.leaveOutDue(this.leaveOut);
    }
    const refused = requests.serveDue();
    batch.numSteady = requests.count;
    if (refused < 0) return numInFront;
    const start = core.running.indexOf(refused);
    batch.numSteady = 0;
    for (let i = 0; i < start; i++) if (requests.has(core.running[i])) batch.numSteady++;
    this.list(batch);
    return start;
  }

  /** Leaves the fast path while a batch is made, which lists its steady requests from now on. */
  list(batch: Batch): void {
    const { core } = this;
    this.name(batch);
    for (let i = 0; i < batch.size; i++) core.scheduledIn[batch.request[i]] = core.step + 1;
    this.settle();
  }

  /** A batch is final. Its steady requests go into its shape. */
  dispatch(batch: Batch, shape: BatchShape): void {
    const { requests } = this;
    const { numSteady } = batch;
    if (numSteady === 0) return;
    requests.tick();
    if (this.isAsync) requests.scheduleDue();
    shape.numRequests = numSteady;
    shape.numTokens = numSteady;
    shape.numSampled = numSteady;
    shape.numDecodes = numSteady;
    shape.decodeContextTokens = requests.contextTokens;
    shape.maxDecodeContext = requests.longestContext;
  }

  /** Tells of those that a batch leaves out; returns how many of the first in `running` need not be looked at. */
  tellLeftOut(batch: Batch): number {
    const { core } = this;
    for (const request of this.leftOut) core.spans.stall(core.step, request, core.numComputed[request]);
    return batch.numSteady + this.leftOut.length;
  }

  /** Outputs with no step behind them: nobody counts on the next ones. */
  beforeOutputs(): void {
    if (this.isAsync && this.core.inFlight.length === 1 && this.requests.count > 0) this.settle();
  }

  /** What a batch sampled for those that it only counts; returns how many of them end. */
  applyOutputs(batch: Batch): number {
    if (batch.numSteady === 0) return 0;
    return this.isAsync ? this.endLeftOut(batch) : this.requests.endDue(this.finish);
  }

  /** The last outputs of those that the step behind a batch left out. */
  private endLeftOut(batch: Batch): number {
    let ended = 0;
    for (const request of this.leftOut) {
      if (this.since[request] > batch.step || !this.outputs.sample(request, 0)) continue;
      this.core.finish(request);
      ended++;
    }
    return ended;
  }

  /** A batch's outputs are applied: nobody's last one is under way any more. */
  afterOutputs(): void {
    this.leftOut.length = 0;
  }

  /** Requests behind the steady ones join them once they decode. */
  extend(): void {
    const { core, requests, numPromised } = this;
    if (core.numPreemptedInStep > 0 || core.inFlight.length !== numPromised) return;
    while (requests.count < core.numRunning) {
      const request = core.running[requests.count];
      if (!this.isDecoding(request)) return;
      this.since[request] = core.step;
      requests.join(
        request,
        core.numComputed[request],
        core.mostOutputs(request) - core.numOutputs[request] - numPromised,
      );
    }
  }

  private isDecoding(request: number): boolean {
    const { core, numPromised } = this;
    return (
      // With no output yet it is a prompt's last token, whose sample the listener waits for.
      core.numOutputs[request] > 0 &&
      core.numPlaceholders[request] === numPromised &&
      core.numDiscarded[request] === 0 &&
      core.numComputed[request] + 1 === core.numTokens(request) + numPromised &&
      (core.spans.log === null || core.spans.foretold[request] === 1)
    );
  }

  /** Ends the fast path: every counter is what it would be on the plain one. */
  settle(): void {
    const { requests, leftOut, core } = this;
    if (requests.count === 0 && leftOut.length === 0) return;
    for (const batch of core.inFlight) if (batch.numSteady > 0) this.name(batch);
    requests.settle();
    leftOut.length = 0;
  }

  /** The requests that a batch only counts are listed in it. */
  private name(batch: Batch): void {
    const { requests, leftOut, named, since, core } = this;
    let count = 0;
    for (let i = 0; i < core.numRunning && count < batch.numSteady; i++) {
      const request = core.running[i];
      if (since[request] > batch.step) continue;
      if (requests.has(request) || (batch.step < this.leftOutIn && leftOut.includes(request))) {
        named[count++] = request;
      }
    }
    invariant(count === batch.numSteady, 'who was steady still runs');
    batch.listSteady(named);
  }

  nextAttentionAt(request: number): number {
    return this.core.kv.nextAttentionAt(request, this.numPromised);
  }

  serve(request: number, computed: number): boolean {
    return this.core.kv.allocateRunning(request, computed, 1, 0, computed + 1 - this.numPromised);
  }

  leave(request: number, computed: number): void {
    const { core } = this;
    const numPromised = this.isAsync ? core.inFlight.length : 0;
    core.numOutputs[request] = computed + 1 - numPromised - core.workload.numPromptTokens[request];
    core.numComputed[request] = computed;
    core.numPlaceholders[request] = numPromised;
  }
}
