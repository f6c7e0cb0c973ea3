import { Cursor } from '../recording/cursor.ts';
import type { Recording } from '../recording/recording.ts';
import type { StepBreakdown } from '../time/breakdown.ts';
import { rooflineStepTime } from '../time/roofline.ts';
import type { BatchShape } from '../time/step-time.ts';

/**
 * Where the time of a step went. null where it is not known: steps of a fixed time, V0's and the baselines' batches,
 * and drafts, whose outcome the cursor does not tell.
 */
export function stepBreakdown(recording: Recording, step: number): StepBreakdown | null {
  const { timing, v0, contiguous, scheduler } = recording.header;
  if (timing === undefined || v0 !== undefined || contiguous !== undefined) return null;
  if (scheduler.numSpeculativeTokens > 0 || step < 0 || step >= recording.numSteps) return null;
  const cursor = new Cursor(recording);
  cursor.seek(step);
  return rooflineStepTime(timing).breakdown(shapeAt(cursor));
}

/** The shape of the batch at which a cursor stands, as the scheduler counted it. */
function shapeAt(cursor: Cursor): BatchShape {
  const shape: BatchShape = {
    numRequests: 0,
    numTokens: 0,
    numSampled: 0,
    numDecodes: 0,
    decodeContextTokens: 0,
    maxDecodeContext: 0,
    numPrefills: 0,
    prefillTokens: new Int32Array(cursor.numRunning),
    prefillComputed: new Int32Array(cursor.numRunning),
  };
  for (const request of cursor.running()) {
    const tokens = cursor.numScheduledTokens(request);
    if (tokens === 0) continue;
    const computed = cursor.numComputedTokens(request);
    const samples = cursor.samples(request);
    shape.numRequests++;
    shape.numTokens += tokens;
    if (samples) shape.numSampled++;
    if (samples && tokens === 1) {
      shape.numDecodes++;
      shape.decodeContextTokens += computed + 1;
      shape.maxDecodeContext = Math.max(shape.maxDecodeContext, computed + 1);
    } else {
      shape.prefillTokens[shape.numPrefills] = tokens;
      shape.prefillComputed[shape.numPrefills++] = computed;
    }
  }
  return shape;
}
