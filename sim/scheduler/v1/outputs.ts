import { EventKind, RequestState } from '../../recording/events.ts';
import type { Batch } from '../batch.ts';
import type { Acceptance } from '../engine-scheduler.ts';
import type { V1Core } from './core.ts';

/** Applies what a batch sampled (vLLM `update_from_output`), request by request. */
export class OutputProcessor {
  private readonly core: V1Core;
  private readonly acceptance: Acceptance;
  /** request → batches with drafts of it so far. */
  private readonly numVerifications: Int32Array;

  constructor(core: V1Core, acceptance: Acceptance) {
    this.core = core;
    this.acceptance = acceptance;
    this.numVerifications = new Int32Array(core.workload.numRequests);
  }

  /**
   * The outputs of the requests that a batch lists; returns how many of them end.
   * @param steady their outputs follow from its clock.
   */
  process(batch: Batch, steady: { has(request: number): boolean } | null): number {
    const { core } = this;
    const { asyncScheduling, numSpeculativeTokens } = core.config;
    let ended = 0;
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      if (core.state[request] === RequestState.Ended) continue;
      const isSteady = steady?.has(request) === true;
      // Who only decodes has passed its images; its counter follows from the clock.
      core.encoderInputs?.freeComputed(
        request,
        isSteady ? core.numTokens(request) : core.numComputed[request],
      );
      if (isSteady || batch.samples[at] === 0) continue;
      if (this.sample(request, batch.numDrafts[at])) {
        core.finish(request);
        ended++;
      } else if (!asyncScheduling && numSpeculativeTokens > 0) {
        core.numPending[request] = numSpeculativeTokens;
      }
    }
    return ended;
  }

  /** Appends what the step sampled for the request; true if that ends it. */
  sample(request: number, numDrafts: number): boolean {
    const { core } = this;
    let sampled = 1;
    if (numDrafts > 0) {
      const accepted = Math.min(
        this.acceptance(request, this.numVerifications[request]++, numDrafts),
        numDrafts,
      );
      this.rejectDrafts(request, numDrafts - accepted);
      sampled += accepted;
    }
    if (core.numDiscarded[request] > 0) {
      core.numDiscarded[request]--;
      return false;
    }
    const before = core.numOutputs[request];
    const most = core.mostOutputs(request);
    const outputs = Math.min(before + sampled, Math.max(most, before + 1));
    core.numOutputs[request] = outputs;
    if (before === 0) core.listener?.firstToken(request);
    if (core.config.asyncScheduling) {
      core.numPlaceholders[request] -= outputs - before;
      if (core.state[request] === RequestState.Running) {
        core.kv.cacheBlocks(request, core.numComputed[request] - core.numPlaceholders[request]);
      }
    }
    return outputs >= most;
  }

  private rejectDrafts(request: number, rejected: number): void {
    const { core } = this;
    if (rejected === 0) return;
    // Zero computed tokens: preempted with this batch in flight.
    if (core.numComputed[request] > 0) {
      core.numComputed[request] -= rejected;
      core.numTableTokens -= rejected;
      core.spans.rolledBack(request);
    }
    // Async without placeholders: nothing was promised since a reset.
    if (core.config.asyncScheduling && core.numPlaceholders[request] === 0) return;
    core.log?.event(EventKind.Rollback, request, rejected, 0);
    if (core.numPlaceholders[request] > 0) core.numPlaceholders[request] -= rejected;
  }
}
