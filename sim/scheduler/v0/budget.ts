/** What one step may hold (vLLM `SchedulingBudget`): a request is counted once, however often it is added. */
export class Budget {
  numTokens = 0;
  numSeqs = 0;
  private readonly maxTokens: number;
  private readonly maxSeqs: number;
  private step = 0;
  /** request → last step in which its tokens, its sequences were counted. */
  private readonly tokensIn: Int32Array;
  private readonly seqsIn: Int32Array;

  constructor(numRequests: number, maxTokens: number, maxSeqs: number) {
    this.maxTokens = maxTokens;
    this.maxSeqs = maxSeqs;
    this.tokensIn = new Int32Array(numRequests);
    this.seqsIn = new Int32Array(numRequests);
  }

  reset(): void {
    this.step++;
    this.numTokens = 0;
    this.numSeqs = 0;
  }

  get remainingTokens(): number {
    return this.maxTokens - this.numTokens;
  }

  get isExceeded(): boolean {
    return this.numTokens > this.maxTokens || this.numSeqs > this.maxSeqs;
  }

  holds(tokens: number, seqs: number): boolean {
    return this.numTokens + tokens <= this.maxTokens && this.numSeqs + seqs <= this.maxSeqs;
  }

  /** Groups that nobody takes off again, so that they need not be told apart. */
  addUnnamed(tokens: number, seqs: number): void {
    this.numTokens += tokens;
    this.numSeqs += seqs;
  }

  addTokens(request: number, tokens: number): void {
    if (this.tokensIn[request] === this.step) return;
    this.tokensIn[request] = this.step;
    this.numTokens += tokens;
  }

  addSeqs(request: number, seqs: number): void {
    if (this.seqsIn[request] === this.step) return;
    this.seqsIn[request] = this.step;
    this.numSeqs += seqs;
  }

  subtract(request: number, tokens: number, seqs: number): void {
    if (this.tokensIn[request] === this.step) {
      this.tokensIn[request] = 0;
      this.numTokens -= tokens;
    }
    if (this.seqsIn[request] === this.step) {
      this.seqsIn[request] = 0;
      this.numSeqs -= seqs;
    }
  }
}
