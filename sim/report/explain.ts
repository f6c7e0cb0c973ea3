import { Cursor } from '../recording/cursor.ts';
import type { Recording } from '../recording/recording.ts';
import { ContiguousStepExplainer } from './explain-contiguous.ts';
import { V0StepExplainer } from './explain-v0.ts';
import { V1StepExplainer } from './explain-v1.ts';
import type { Reason } from './step-explainer.ts';

export type { Reason } from './step-explainer.ts';

/**
 * Why each request was or was not scheduled in a step, why each victim was chosen and why blocks were
 * evicted: in the order in which vLLM decides. Everything is read off the recording.
 */
export function explainStep(recording: Recording, step: number): Reason[] {
  const cursor = new Cursor(recording);
  cursor.seek(step);
  return explainAt(cursor);
}

/** The same for the step at which a cursor stands. */
export function explainAt(cursor: Cursor): Reason[] {
  const { step, recording } = cursor;
  if (step < 0 || step >= recording.numSteps) return [];
  const { v0, contiguous } = recording.header;
  if (contiguous !== undefined) return new ContiguousStepExplainer(cursor).explain();
  return new (v0 === undefined ? V1StepExplainer : V0StepExplainer)(cursor).explain();
}
