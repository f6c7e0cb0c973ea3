import type { EngineLoad, Router } from './router.ts';

/** To the engine with the fewest requests that have not ended; among equals in turn, as nginx' `least_conn` does. */
export class LeastLoaded implements Router {
  private next = 0;

  pick(_request: number, engines: readonly EngineLoad[]): number {
    const picked = leastLoaded(engines, this.next);
    this.next = (picked + 1) % engines.length;
    return picked;
  }
}

/** The first of the least loaded engines, from `start` on. */
export function leastLoaded(engines: readonly EngineLoad[], start = 0): number {
  let best = start;
  for (let i = 1; i < engines.length; i++) {
    const at = (start + i) % engines.length;
    if (engines[at].numOutstanding < engines[best].numOutstanding) best = at;
  }
  return best;
}
