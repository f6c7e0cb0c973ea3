import { Move, Queue } from '../../recording/v0-listener.ts';
import type { Acceptance } from '../engine-scheduler.ts';
import type { V0Batch } from './batch.ts';
import { BeamSearch, type BeamSurvival } from './beam-search.ts';
import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/**
 * Applies what a step sampled (vLLM `LLMEngine._process_model_outputs` and the output processors), group by
 * group in scheduling order: new tokens, forks, ends.
 */
export class OutputProcessor {
  private readonly core: V0Core;
  private readonly acceptance: Acceptance;
  private readonly usesBeamSearch: (request: number) => boolean;
  private readonly beams: BeamSearch;
  /** request → decode steps so far, with lookahead. */
  private readonly numDecodeSteps: Int32Array;

  constructor(
    core: V0Core,
    acceptance: Acceptance,
    usesBeamSearch: (request: number) => boolean,
    survival: BeamSurvival,
  ) {
    this.core = core;
    this.acceptance = acceptance;
    this.usesBeamSearch = usesBeamSearch;
    this.beams = new BeamSearch(core, survival);
    this.numDecodeSteps = new Int32Array(core.workload.numRequests);
  }

  /** All groups of a batch but those whose outputs were applied ahead. */
  process(batch: V0Batch): void {
    const { core } = this;
    const before = core.finished.length;
    this.processListed(batch, 0, batch.steadyAt);
    if (batch.numSteady > 0) core.steady?.applyOutputs();
    this.processListed(batch, batch.steadyAt, batch.size);
    if (core.finished.length > before) this.removeFinished();
  }

  private processListed(batch: V0Batch, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      if (batch.isDone[at] === 0) this.processOne(batch, at);
      else batch.isDone[at] = 0;
    }
  }

  /** Async: the outputs of one group ahead of the others, if the batch has it. */
  processAhead(batch: V0Batch, request: number): void {
    for (let at = 0; at < batch.size; at++) {
      if (batch.request[at] !== request) continue;
      this.processOne(batch, at);
      batch.isDone[at] = 1;
      return;
    }
  }

  /** Async: tokens are appended at once, and looked at one step later. */
  advance(batch: V0Batch): void {
    const { groups } = this.core;
    for (let at = 0; at < batch.size; at++) {
      const request = batch.request[at];
      // Its extra token is dropped.
      if (groups.isFinished(request)) continue;
      groups.addComputed(request, batch.chunk[at]);
      if (batch.samples[at] === 1) groups.numTokens[groups.start[request]]++;
    }
  }

  private processOne(batch: V0Batch, at: number): void {
    const { core } = this;
    const { groups, config, workload } = core;
    const request = batch.request[at];
    if (groups.isFinished(request)) return;
    const samples = batch.samples[at] === 1;
    if (config.numLookaheadSlots > 0) {
      const isVerification = batch.isPrefill[at] === 0;
      if (!isVerification) groups.addComputed(request, batch.chunk[at]);
      if (samples) this.sampleDrafts(request, isVerification);
    } else {
      if (!batch.isAsync) groups.addComputed(request, batch.chunk[at]);
      if (!samples) return;
      if (workload.numSequences[request] > 1) this.sampleGroup(request);
      else this.sampleOne(request, batch.isAsync);
    }
    if (groups.isFinished(request)) core.finished.push(request);
  }

  private sampleOne(request: number, isAppended: boolean): void {
    const { groups, blocks } = this.core;
    const sequence = groups.start[request];
    if (!isAppended) groups.numTokens[sequence]++;
    if (this.stop(sequence)) blocks.free(sequence);
  }

  /** With lookahead a group never forks: only the first sample of its first step is looked at. */
  private sampleDrafts(request: number, isVerification: boolean): void {
    const { groups, config } = this.core;
    const sequence = groups.firstWith(request, SequenceStatus.Running);
    let sampled = 1;
    if (isVerification) {
      const drafts = config.numLookaheadSlots;
      sampled += Math.min(this.acceptance(request, this.numDecodeSteps[request]++, drafts), drafts);
    }
    sampled = Math.min(sampled, Math.max(1, groups.numTokensLeft(sequence)));
    groups.numTokens[sequence] += sampled;
    if (isVerification) groups.numComputed[sequence] += sampled;
    // Its blocks are freed once the whole batch is through.
    this.stop(sequence);
  }

  private sampleGroup(request: number): void {
    const { groups, blocks, workload } = this.core;
    const start = groups.start[request];
    const forks = groups.numSeqs[request] < workload.numSequences[request];
    if (forks) groups.fork(request);
    const end = groups.end(request);
    for (let s = start; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running) groups.numTokens[s]++;
    }
    if (forks) {
      for (let s = start + 1; s < end; s++) if (!this.stop(s)) blocks.fork(start, s);
    }
    for (let s = start; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running && this.stop(s)) blocks.free(s);
    }
    // All beams of the first step come from the prompt.
    if (!forks && this.usesBeamSearch(request)) this.beams.select(request);
  }

  /** Ends the sequence if its tokens do. */
  private stop(sequence: number): boolean {
    const { groups } = this.core;
    if (!groups.mustStop(sequence)) return false;
    groups.status[sequence] = SequenceStatus.Finished;
    return true;
  }

  /** Finished groups leave `running`, in its order (vLLM `free_finished_seq_groups`). */
  private removeFinished(): void {
    const { core } = this;
    const { queues } = core;
    const sentinel = queues.sentinel(Queue.Running);
    core.steady?.removeEnded();
    for (let request = queues.next[core.lastSteady]; request !== sentinel; ) {
      const next = queues.next[request];
      core.freeFinished(request);
      if (core.groups.isFinished(request)) queues.remove(request, Move.Finish);
      request = next;
    }
    for (const request of core.stopped) {
      core.freeFinished(request);
      queues.remove(request, Move.Finish);
    }
    core.stopped.length = 0;
  }
}
