import type { EngineLoad, Router } from './router.ts';

/** One after the other. */
export class RoundRobin implements Router {
  private next = 0;

  pick(_request: number, engines: readonly EngineLoad[]): number {
    const picked = this.next;
    this.next = (picked + 1) % engines.length;
    return picked;
  }
}
