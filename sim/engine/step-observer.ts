import type { BatchShape } from '../time/step-time.ts';

/** Sees every step of a run; none = no cost. */
export interface StepObserver {
  /**
   * A batch was scheduled and will take `stepNs`.
   * @returns by how much that is more because of what the observer models, integer nanoseconds; 0 if it only looks.
   */
  step(batch: BatchShape, stepNs: number): number;
}

/** Observers one after the other, as one; null if there are none. */
export function together(observers: readonly StepObserver[]): StepObserver | null {
  if (observers.length < 2) return observers[0] ?? null;
  return {
    step(batch, stepNs) {
      let longer = 0;
      for (const observer of observers) longer += observer.step(batch, stepNs);
      return longer;
    },
  };
}
