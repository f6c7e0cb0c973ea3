import type { Cursor } from '../recording/cursor.ts';
import { EventKind, KIND_MASK } from '../recording/events.ts';
import type { Recording } from '../recording/recording.ts';
import { EncodedImages } from '../time/encoded-images.ts';
import { addDecodes, addPrefill } from '../time/step-time.ts';
import { BatchReader } from './batch-shape.ts';
import { samplingSpans } from './sampling-spans.ts';

/** V1's batches: what computes one token and samples is a decode, all else a prefill. */
export class V1BatchReader extends BatchReader {
  /** span → 1 where its first step samples. */
  private readonly samples: Uint8Array;
  private readonly images = new EncodedImages();

  constructor(recording: Recording) {
    super(recording);
    this.samples = samplingSpans(recording);
  }

  protected count(cursor: Cursor, request: number, tokens: number): void {
    const computed = cursor.numComputedTokens(request);
    const samples = this.samples[cursor.spanOf(request)] === 1;
    if (samples && tokens === 1) addDecodes(this.shape, computed + 1, 1, 1);
    else addPrefill(this.shape, computed, tokens, samples);
  }

  protected countEvents(begin: number, end: number): void {
    const { images } = this;
    const { kind, a, c } = this.recording.events;
    images.clear();
    for (let event = begin; event < end; event++) {
      const what = kind[event] & KIND_MASK;
      if (what === EventKind.EncoderCompute) images.add(a[event], c[event]);
      else if (what === EventKind.Preempt) images.remove(a[event]);
    }
    images.describe(this.shape);
  }
}
