import type { StepTimeModel } from './step-time.ts';

/** Every step takes the same time, integer nanoseconds. */
export function fixedStepTime(ns: number): StepTimeModel {
  return { stepNs: () => ns };
}
