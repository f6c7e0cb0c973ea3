import type { CacheReset } from './simulation-input.ts';

/** Takes what an inbox hands over. */
export interface InboxReader {
  arrived(request: number, arrivalNs: number): void;
  /** Its client gives up. */
  aborted(request: number): void;
  reset(preemptRunning: boolean): void;
}

/** What has come to an engine that it has not looked at: requests in the order of arrival, aborts, resets of the cache. */
export class Inbox {
  private readonly arrivalNs: ArrayLike<number>;
  /** By time. */
  private readonly resets: readonly CacheReset[];
  private numResets = 0;
  private readonly requests: number[] = [];
  private readonly aborts: { readonly request: number; readonly ns: number }[] = [];

  constructor(arrivalNs: ArrayLike<number>, resets: readonly CacheReset[]) {
    this.arrivalNs = arrivalNs;
    this.resets = resets;
  }

  put(request: number): void {
    this.requests.push(request);
  }

  putAbort(request: number, ns: number): void {
    this.aborts.push({ request, ns });
  }

  /** Hands over all that came up to now; resets stand among requests and aborts by their time. */
  deliver(now: number, reader: InboxReader): void {
    const { resets } = this;
    for (; this.numResets < resets.length && resets[this.numResets].atNs <= now; this.numResets++) {
      const { atNs, preemptRunning } = resets[this.numResets];
      this.deliverUntil(atNs, reader);
      reader.reset(preemptRunning);
    }
    this.deliverUntil(now, reader);
  }

  private deliverUntil(ns: number, reader: InboxReader): void {
    const { requests, aborts, arrivalNs } = this;
    let seen = 0;
    for (; seen < requests.length && arrivalNs[requests[seen]] <= ns; seen++) {
      reader.arrived(requests[seen], arrivalNs[requests[seen]]);
    }
    if (seen > 0) requests.splice(0, seen);
    while (aborts.length > 0 && aborts[0].ns <= ns) {
      const { request } = aborts[0];
      aborts.shift();
      reader.aborted(request);
    }
  }
}
