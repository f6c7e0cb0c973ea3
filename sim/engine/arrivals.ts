import { IndexHeap } from '../pool/index-heap.ts';
import type { Workload } from '../workload/workload.ts';
import { ConcurrencyGate } from './concurrency-gate.ts';

const NOBODY = -1;

/**
 * When requests arrive and when their clients give up: independent ones in the order of the workload,
 * later turns of a conversation once the turn before has ended.
 */
export class Arrivals {
  /** request → arrival at the server, integer nanoseconds; NaN until it is known. */
  readonly arrivalNs: Float64Array;
  private readonly workload: Workload;
  /** request → when its client gives up. */
  readonly abortNs: Float64Array;
  /** null: the client sends whatever comes. */
  private readonly gate: ConcurrencyGate | null;
  /** Next independent request. */
  private nextRow = 0;
  private readonly released: IndexHeap;
  private readonly timers: IndexHeap;
  // request → first request that depends on it; request → next one with the same predecessor
  private readonly firstDependent: Int32Array;
  private readonly nextDependent: Int32Array;

  constructor(workload: Workload) {
    const n = workload.numRequests;
    this.workload = workload;
    this.arrivalNs = new Float64Array(n).fill(Number.NaN);
    this.abortNs = new Float64Array(n);
    const limit = workload.maxConcurrency ?? n;
    this.gate = limit < n ? new ConcurrencyGate(limit) : null;
    const earlier = (time: Float64Array) => (a: number, b: number) =>
      time[a] < time[b] || (time[a] === time[b] && a < b);
    this.released = new IndexHeap(earlier(this.arrivalNs));
    this.timers = new IndexHeap(earlier(this.abortNs));
    this.firstDependent = new Int32Array(n).fill(NOBODY);
    this.nextDependent = new Int32Array(n).fill(NOBODY);
    for (let request = n - 1; request >= 0; request--) {
      const before = workload.dependsOn[request];
      if (before < 0) continue;
      this.nextDependent[request] = this.firstDependent[before];
      this.firstDependent[before] = request;
    }
    this.skipDependents();
  }

  /** When the next request arrives or gives up, integer nanoseconds; Infinity if nothing more is to come. */
  get nextNs(): number {
    const { arrivalNs, numRequests } = this.workload;
    const independent = this.nextRow < numRequests ? arrivalNs[this.nextRow] : Number.POSITIVE_INFINITY;
    const released =
      this.released.length > 0 ? this.arrivalNs[this.released.smallest] : Number.POSITIVE_INFINITY;
    const abort = this.timers.length > 0 ? this.abortNs[this.timers.smallest] : Number.POSITIVE_INFINITY;
    return Math.min(this.sentNs(Math.min(independent, released)), abort);
  }

  /** The next request that has arrived by `now`, or -1. Equal times: in the order of the workload. */
  takeArrival(now: number): number {
    const { arrivalNs, abortAfterNs, numRequests } = this.workload;
    const row = this.nextRow;
    const released = this.released.length > 0 ? this.released.smallest : NOBODY;
    const releasedNs = released < 0 ? Number.POSITIVE_INFINITY : this.arrivalNs[released];
    const rowNs = row < numRequests ? arrivalNs[row] : Number.POSITIVE_INFINITY;
    const takeRow = rowNs < releasedNs || (rowNs === releasedNs && row < released);
    const time = this.sentNs(takeRow ? rowNs : releasedNs);
    if (time > now || time === Number.POSITIVE_INFINITY) return NOBODY;
    const request = takeRow ? row : released;
    if (takeRow) {
      this.nextRow++;
      this.skipDependents();
    } else {
      this.released.remove(request);
    }
    this.gate?.take();
    this.arrivalNs[request] = time;
    if (abortAfterNs[request] < Number.POSITIVE_INFINITY) {
      this.abortNs[request] = time + abortAfterNs[request];
      this.timers.add(request);
    }
    return request;
  }

  /** The next request whose client has given up by `now`, or -1. */
  takeAbort(now: number): number {
    if (this.timers.length === 0) return NOBODY;
    const request = this.timers.smallest;
    if (this.abortNs[request] > now) return NOBODY;
    this.timers.remove(request);
    return request;
  }

  /** A request ended: its client no longer waits, and what depends on it arrives after its think time. */
  ended(request: number, now: number): void {
    this.timers.remove(request);
    this.gate?.give(now);
    for (let next = this.firstDependent[request]; next !== NOBODY; next = this.nextDependent[next]) {
      this.arrivalNs[next] = now + this.workload.arrivalNs[next];
      this.released.add(next);
    }
  }

  /** When the client sends a request that comes to it at `ns`. */
  private sentNs(ns: number): number {
    return this.gate === null ? ns : this.gate.earliestNs(ns);
  }

  private skipDependents(): void {
    const { dependsOn, numRequests } = this.workload;
    while (this.nextRow < numRequests && dependsOn[this.nextRow] >= 0) this.nextRow++;
  }
}
