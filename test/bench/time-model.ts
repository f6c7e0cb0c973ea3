import type { V1Scheduler } from '../../sim/scheduler/v1.ts';
import { type RooflineInput, rooflineStepTime } from '../../sim/time/roofline.ts';
import type { BatchShape } from '../../sim/time/step-time.ts';

/** Every batch of a schedule, copied: the scheduler fills the same object again and again. */
export function shapesOf(made: V1Scheduler): BatchShape[] {
  const shapes: BatchShape[] = [];
  while (made.hasUnfinished) {
    made.schedule();
    const { shape } = made;
    shapes.push({
      ...shape,
      prefillTokens: shape.prefillTokens.slice(0, shape.numPrefills),
      prefillComputed: shape.prefillComputed.slice(0, shape.numPrefills),
    });
    made.updateFromOutput();
  }
  return shapes;
}

/** The time of all of them, by a model that has seen no batch yet; nanoseconds. */
export function timeAll(input: RooflineInput, shapes: readonly BatchShape[]): number {
  const model = rooflineStepTime(input);
  let ns = 0;
  for (const shape of shapes) ns += model.stepNs(shape);
  return ns;
}
