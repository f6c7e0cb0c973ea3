import type { Workload } from '../../workload/workload.ts';

/** vLLM `SequenceStatus`; from Finished on it is over. */
export const SequenceStatus = {
  Waiting: 0,
  Running: 1,
  Swapped: 2,
  Finished: 3,
  Ignored: 4,
  Aborted: 5,
} as const;
export type SequenceStatus = (typeof SequenceStatus)[keyof typeof SequenceStatus];

/** Outputs after which a sequence ends by itself, at most the request's max_tokens. */
export type OutputLimit = (request: number, sequence: number) => number;

/**
 * Requests as groups of sequences (vLLM `SequenceGroup`, `Sequence`, `SequenceData`). A group starts with one
 * sequence; its first sampled step forks it into n. Rows of sequences: see `Workload.sequenceStart`.
 */
export class SequenceGroups {
  // request → …
  readonly arrivalTime: Float64Array;
  /** First sequence row. */
  readonly start: Int32Array;
  /** Sequences that there are: 1, then n. */
  readonly numSeqs: Int32Array;

  // sequence → …
  readonly status: Uint8Array;
  /** Prompt and outputs, tokens. */
  readonly numTokens: Int32Array;
  readonly numComputed: Int32Array;
  /** 1 once all known tokens have been computed (vLLM `SequenceStage.DECODE`). */
  readonly isDecode: Uint8Array;
  /** Tokens at which the sequence ends. */
  private readonly mostTokens: Int32Array;

  private readonly workload: Workload;

  constructor(workload: Workload, maxModelLen: number, outputLimit: OutputLimit | undefined) {
    const { numRequests, numPromptTokens, maxTokens } = workload;
    const numSequences = workload.outputSegment.length;
    this.workload = workload;
    this.arrivalTime = new Float64Array(numRequests);
    this.start = workload.sequenceStart;
    this.numSeqs = new Int32Array(numRequests).fill(1);
    this.status = new Uint8Array(numSequences);
    this.numTokens = new Int32Array(numSequences);
    this.numComputed = new Int32Array(numSequences);
    this.isDecode = new Uint8Array(numSequences);
    this.mostTokens = new Int32Array(numSequences);
    for (let request = 0; request < numRequests; request++) {
      const prompt = numPromptTokens[request];
      // The first output comes before any check, and the check is "longer than max_model_len".
      const most = Math.max(maxModelLen, prompt) + 1;
      for (let i = 0; i < workload.numSequences[request]; i++) {
        const limit = outputLimit?.(request, i) ?? maxTokens[request];
        this.mostTokens[this.start[request] + i] = Math.min(prompt + limit, most);
      }
      this.numTokens[this.start[request]] = prompt;
    }
  }

  /** Row behind the group's last sequence. */
  end(request: number): number {
    return this.start[request] + this.numSeqs[request];
  }

  numOutputs(request: number, sequence: number): number {
    return this.numTokens[sequence] - this.workload.numPromptTokens[request];
  }

  /** Tokens until the sequence ends. */
  numTokensLeft(sequence: number): number {
    return this.mostTokens[sequence] - this.numTokens[sequence];
  }

  /** Whether its tokens end the sequence. */
  mustStop(sequence: number): boolean {
    return this.numTokens[sequence] >= this.mostTokens[sequence];
  }

  /** The stage of a group is that of its first sequence, finished or not. */
  isPrefill(request: number): boolean {
    return this.isDecode[this.start[request]] === 0;
  }

  isFinished(request: number): boolean {
    const start = this.start[request];
    if (this.status[start] < SequenceStatus.Finished) return false;
    return this.numSeqs[request] === 1 || this.numUnfinished(request) === 0;
  }

  numUnfinished(request: number): number {
    let count = 0;
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) if (this.status[s] < SequenceStatus.Finished) count++;
    return count;
  }

  count(request: number, status: SequenceStatus): number {
    let count = 0;
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) if (this.status[s] === status) count++;
    return count;
  }

  /** The group's first sequence with that status, or −1. */
  firstWith(request: number, status: SequenceStatus): number {
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) if (this.status[s] === status) return s;
    return -1;
  }

  /** Sequences that it may come to run; n as long as it is not forked. */
  maxNumRunningSeqs(request: number): number {
    const n = this.workload.numSequences[request];
    return n > this.numSeqs[request] ? n : this.numUnfinished(request);
  }

  /** Tokens that its sequences of a status would compute next, uncut. */
  numNewTokens(request: number, status: SequenceStatus): number {
    let tokens = 0;
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) {
      if (this.status[s] !== status) continue;
      tokens += this.isDecode[s] === 1 ? 1 : this.numTokens[s] - this.numComputed[s];
    }
    return tokens;
  }

  setStatus(request: number, from: SequenceStatus, to: SequenceStatus): void {
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) if (this.status[s] === from) this.status[s] = to;
  }

  /** The chunk of a step counts as computed, for every sequence that has not ended. */
  addComputed(request: number, chunk: number): void {
    const end = this.end(request);
    for (let s = this.start[request]; s < end; s++) {
      if (this.status[s] >= SequenceStatus.Finished) continue;
      this.numComputed[s] += chunk;
      if (this.numComputed[s] === this.numTokens[s]) this.isDecode[s] = 1;
    }
  }

  /** Preempted by recompute: outputs become part of what is prefilled. */
  resetForRecompute(sequence: number): void {
    this.numComputed[sequence] = 0;
    this.isDecode[sequence] = 0;
  }

  /** Makes the n − 1 other sequences of a group, copies of its first. */
  fork(request: number): void {
    const parent = this.start[request];
    this.numSeqs[request] = this.workload.numSequences[request];
    const end = this.end(request);
    for (let s = parent + 1; s < end; s++) this.copy(parent, s);
  }

  /** One sequence becomes like another of its group; only where a stop token ends it is its own. */
  copy(from: number, to: number): void {
    this.status[to] = this.status[from];
    this.numTokens[to] = this.numTokens[from];
    this.numComputed[to] = this.numComputed[from];
    this.isDecode[to] = this.isDecode[from];
  }
}
