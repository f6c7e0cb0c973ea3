/**
 * A client that has no more than so many requests under way, and sends the others in their order as answers come in
 * (the semaphore of `vllm bench serve --max-concurrency`). Times are integer nanoseconds.
 */
export class ConcurrencyGate {
  /** Since when each free slot is free, a ring in ascending order. */
  private readonly freeNs: Float64Array;
  private first = 0;
  private numFree: number;

  constructor(limit: number) {
    this.freeNs = new Float64Array(limit);
    this.numFree = limit;
  }

  /** When a request that comes at `ns` can be sent; Infinity as long as nobody knows. */
  earliestNs(ns: number): number {
    return this.numFree === 0 ? Number.POSITIVE_INFINITY : Math.max(ns, this.freeNs[this.first]);
  }

  /** A request is sent. */
  take(): void {
    this.first = (this.first + 1) % this.freeNs.length;
    this.numFree--;
  }

  /** A request that was sent has its answer, or will never have one. */
  give(ns: number): void {
    this.freeNs[(this.first + this.numFree) % this.freeNs.length] = ns;
    this.numFree++;
  }
}
