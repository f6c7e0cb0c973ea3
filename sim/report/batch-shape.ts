import type { Cursor } from '../recording/cursor.ts';
import { type Recording, stepEvents } from '../recording/recording.ts';
import { type BatchShape, clearBatch, emptyBatch } from '../time/step-time.ts';

/** The shape of a step's batch, read off a recording as the scheduler that ran counted it. */
export abstract class BatchReader {
  protected readonly recording: Recording;
  protected readonly shape: BatchShape;

  constructor(recording: Recording) {
    this.recording = recording;
    this.shape = emptyBatch(recording.requestIds.length);
  }

  /** Of the step at which a cursor stands, before its outputs. Valid until the next call. */
  at(cursor: Cursor): BatchShape {
    const { shape } = this;
    clearBatch(shape);
    for (const request of cursor.running()) {
      const tokens = cursor.numScheduledTokens(request);
      if (tokens === 0) continue;
      shape.numRequests++;
      this.count(cursor, request, tokens);
    }
    const { begin, end } = stepEvents(this.recording, cursor.step);
    this.countEvents(begin, end);
    return shape;
  }

  /** A request of the batch. */
  protected abstract count(cursor: Cursor, request: number, tokens: number): void;

  /** Events of the step's schedule(). */
  protected abstract countEvents(begin: number, end: number): void;
}
