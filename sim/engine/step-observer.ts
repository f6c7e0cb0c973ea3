import type { BatchShape } from '../time/step-time.ts';

/** Sees every step of a run; none = no cost. */
export interface StepObserver {
  /**
   * A batch was scheduled and will take `stepNs`.
   * @returns by how much that is more because of what the observer models, integer nanoseconds; 0 if it only looks.
   */
  step(batch: BatchShape, stepNs: number): number;
}
