/**
 * What the tokens of requests are, as runs of (segment, offset, length); see `Workload`, whose columns
 * these are. A request's known tokens are its prompt's runs, then its outputs in its output segment.
 */
export interface TokenRuns {
  readonly numPromptTokens: Int32Array;
  readonly runStart: Int32Array;
  readonly runSegment: Int32Array;
  readonly runOffset: Int32Array;
  readonly runLength: Int32Array;
  readonly outputSegment: Int32Array;
}

/** Walks a request's known tokens from a position, piece by piece, without making objects. */
export class TokenWalk {
  private readonly runs: TokenRuns;
  private run = 0;
  private lastRun = 0;
  private done = 0;
  private output = 0;

  /** The piece that take() found: `size` tokens of `segment` from `offset`. */
  segment = 0;
  offset = 0;
  size = 0;

  constructor(runs: TokenRuns) {
    this.runs = runs;
  }

  /**
   * Stands before token `position` of the request; of the outputs, those of `sequence` are meant.
   * O(runs) within the prompt, O(1) beyond.
   */
  start(request: number, position: number, sequence = request): void {
    const { numPromptTokens, runStart, runLength, outputSegment } = this.runs;
    this.output = outputSegment[sequence];
    this.lastRun = runStart[request + 1];
    if (position >= numPromptTokens[request]) {
      this.run = this.lastRun;
      this.done = position - numPromptTokens[request];
      return;
    }
    this.run = runStart[request];
    while (position >= runLength[this.run]) position -= runLength[this.run++];
    this.done = position;
  }

  /** Moves over at most `limit` tokens that lie in one run, and returns how many. */
  take(limit: number): number {
    const { runSegment, runOffset, runLength } = this.runs;
    if (this.run === this.lastRun) {
      this.segment = this.output;
      this.offset = this.done;
      this.size = limit;
      this.done += limit;
      return limit;
    }
    const size = Math.min(limit, runLength[this.run] - this.done);
    this.segment = runSegment[this.run];
    this.offset = runOffset[this.run] + this.done;
    this.size = size;
    this.done += size;
    if (this.done === runLength[this.run]) {
      this.run++;
      this.done = 0;
    }
    return size;
  }
}
