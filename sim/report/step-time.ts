import { Cursor } from '../recording/cursor.ts';
import type { Recording } from '../recording/recording.ts';
import type { StepBreakdown } from '../time/breakdown.ts';
import { type AnalyticStepTime, rooflineStepTime } from '../time/roofline.ts';
import type { BatchReader } from './batch-shape.ts';
import { V0BatchReader } from './batch-shape-v0.ts';
import { V1BatchReader } from './batch-shape-v1.ts';

/** Takes the times of a recording's steps apart. */
export class StepTimes {
  private readonly model: AnalyticStepTime;
  private readonly batches: BatchReader;

  private constructor(model: AnalyticStepTime, batches: BatchReader) {
    this.model = model;
    this.batches = batches;
  }

  /** null where they are not known: steps of a fixed time or from a table, and the baselines' batches. */
  static of(recording: Recording): StepTimes | null {
    const { timing, contiguous } = recording.header;
    if (timing === undefined || contiguous !== undefined) return null;
    return new StepTimes(rooflineStepTime(timing), batchReader(recording));
  }

  /** Of the step at which a cursor stands, before its outputs. */
  at(cursor: Cursor): StepBreakdown {
    return this.model.breakdown(this.batches.at(cursor));
  }
}

/** Reads the batches of a paged engine's recording. */
export function batchReader(recording: Recording): BatchReader {
  return new (recording.header.v0 === undefined ? V1BatchReader : V0BatchReader)(recording);
}

/** Where the time of a step went; null where it is not known. */
export function stepBreakdown(recording: Recording, step: number): StepBreakdown | null {
  if (step < 0 || step >= recording.numSteps) return null;
  const times = StepTimes.of(recording);
  if (times === null) return null;
  const cursor = new Cursor(recording);
  cursor.seek(step);
  return times.at(cursor);
}
