/** A step's batch in flight: who computes what, in scheduling order. */
export class Batch {
  /** Number of its step. */
  step = 0;
  /** Requests at the front of `running` that decode one token each and are not listed. */
  numSteady = 0;
  size = 0;
  readonly request: Int32Array;
  readonly numTokens: Int32Array;
  /** Drafts among the tokens. */
  readonly numDrafts: Int32Array;
  /** 1 where the step reaches the end of the known tokens, so that a token is sampled. */
  readonly samples: Uint8Array;

  constructor(capacity: number) {
    this.request = new Int32Array(capacity);
    this.numTokens = new Int32Array(capacity);
    this.numDrafts = new Int32Array(capacity);
    this.samples = new Uint8Array(capacity);
  }

  clear(): void {
    this.numSteady = 0;
    this.size = 0;
  }

  put(request: number, numTokens: number, numDrafts: number): void {
    const at = this.size++;
    this.request[at] = request;
    this.numTokens[at] = numTokens;
    this.numDrafts[at] = numDrafts;
  }

  /** Takes a request out; returns its tokens. */
  remove(request: number): number {
    const at = this.request.subarray(0, this.size).indexOf(request);
    const numTokens = this.numTokens[at];
    this.move(at + 1, at);
    return numTokens;
  }

  /** Lists its steady requests, which are given in their order, in front of the others. */
  listSteady(requests: Int32Array): void {
    const count = this.numSteady;
    this.move(0, count);
    for (let i = 0; i < count; i++) {
      this.request[i] = requests[i];
      this.numTokens[i] = 1;
      this.numDrafts[i] = 0;
      this.samples[i] = 1;
    }
    this.numSteady = 0;
  }

  private move(from: number, to: number): void {
    this.request.copyWithin(to, from, this.size);
    this.numTokens.copyWithin(to, from, this.size);
    this.numDrafts.copyWithin(to, from, this.size);
    this.samples.copyWithin(to, from, this.size);
    this.size += to - from;
  }
}
