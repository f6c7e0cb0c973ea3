import type { EngineLoad, Router } from './router.ts';

/** The coordinator sends the queues to the front end at most this often. */
const INTERVAL_NS = 100e6;
/** A waiting request counts as four running ones. */
const WAITING_WEIGHT = 4;

/**
 * What `vllm serve --data-parallel-size` does itself (`DPLBAsyncMPClient.get_core_engine_for_request`, `DPCoordinator`
 * at 9aaf83ef502f): the least of 4 × waiting + running, by queues that are up to 100 ms old. Between two messages,
 * each request that is sent counts as one more that waits. One API server.
 */
export class VllmInternal implements Router {
  nextNs = Number.POSITIVE_INFINITY;
  private readonly waiting: number[];
  private readonly running: number[];

  constructor(numEngines: number) {
    this.waiting = Array.from({ length: numEngines }, () => 0);
    this.running = Array.from({ length: numEngines }, () => 0);
  }

  pick(_request: number, engines: readonly EngineLoad[], now: number): number {
    let best = 0;
    for (let i = 1; i < engines.length; i++) if (this.score(i) < this.score(best)) best = i;
    this.waiting[best]++;
    // Queues change from here on, so there will be a message.
    if (this.nextNs === Number.POSITIVE_INFINITY) this.nextNs = now + INTERVAL_NS;
    return best;
  }

  look(engines: readonly EngineLoad[], now: number): void {
    let isBusy = false;
    engines.forEach(({ toldWaiting, toldRunning, numOutstanding }, i) => {
      this.waiting[i] = toldWaiting;
      this.running[i] = toldRunning;
      if (numOutstanding > 0) isBusy = true;
    });
    this.nextNs = isBusy ? now + INTERVAL_NS : Number.POSITIVE_INFINITY;
  }

  private score(engine: number): number {
    return WAITING_WEIGHT * this.waiting[engine] + this.running[engine];
  }
}
