import { Cursor } from '../recording/cursor.ts';
import type { Recording } from '../recording/recording.ts';
import type { StepBreakdown } from '../time/breakdown.ts';
import { type AnalyticStepTime, rooflineStepTime } from '../time/roofline.ts';
import { type BatchShape, emptyBatch } from '../time/step-time.ts';

/** Takes the times of a recording's steps apart. */
export class StepTimes {
  private readonly model: AnalyticStepTime;

  private constructor(model: AnalyticStepTime) {
    this.model = model;
  }

  /**
   * null where they are not known: steps of a fixed time or from a table, V0's and the baselines' batches, and drafts,
   * whose outcome the cursor does not tell.
   */
  static of({ header }: Recording): StepTimes | null {
    const { timing, v0, contiguous, scheduler } = header;
    if (timing === undefined || v0 !== undefined || contiguous !== undefined) return null;
    return scheduler.numSpeculativeTokens > 0 ? null : new StepTimes(rooflineStepTime(timing));
  }

  /** Of the step at which a cursor stands, before its outputs. */
  at(cursor: Cursor): StepBreakdown {
    return this.model.breakdown(shapeAt(cursor));
  }
}

/** Where the time of a step went; null where it is not known. */
export function stepBreakdown(recording: Recording, step: number): StepBreakdown | null {
  const times = StepTimes.of(recording);
  if (times === null || step < 0 || step >= recording.numSteps) return null;
  const cursor = new Cursor(recording);
  cursor.seek(step);
  return times.at(cursor);
}

/** The shape of the batch at which a cursor stands, as the scheduler counted it. */
function shapeAt(cursor: Cursor): BatchShape {
  const shape = emptyBatch(cursor.numRunning);
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
