import type { EngineScheduler } from '../scheduler/engine-scheduler.ts';

type Waste = ReturnType<NonNullable<EngineScheduler['waste']>>;

/** How scattered the free slots of a contiguous baseline were, over its steps. */
export class Scatter {
  private numSteps = 0;
  private sumFragmentation = 0;
  private leastLargestFree = Number.POSITIVE_INFINITY;

  step({ externalFragmentation, largestFreeBlock }: Waste): void {
    this.numSteps++;
    this.sumFragmentation += externalFragmentation;
    this.leastLargestFree = Math.min(this.leastLargestFree, largestFreeBlock);
  }

  get summary() {
    const { numSteps } = this;
    return {
      externalFragmentation: numSteps === 0 ? 0 : this.sumFragmentation / numSteps,
      leastLargestFree: numSteps === 0 ? 0 : this.leastLargestFree,
    };
  }
}
