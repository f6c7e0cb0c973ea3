import { EventKind, KIND_MASK } from '../recording/events.ts';
import type { Recording } from '../recording/recording.ts';

/**
 * span of a run of V1 → 1 where its first step samples. A span that foretells decodes says so itself; of one that
 * foretells nothing (a chunk, a batch with drafts) it follows from what is known of the request by then.
 */
export function samplingSpans(recording: Recording): Uint8Array {
  const { header, spans, steps, numSteps, events } = recording;
  const samples = Uint8Array.from(spans.rate, (rate) => (rate > 0 ? 1 : 0));
  if (header.scheduler.numSpeculativeTokens === 0) return samples;
  const known = new KnownTokens(recording);
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const request = events.a[event];
      const operand = events.b[event];
      const kind = events.kind[event] & KIND_MASK;
      if (kind === EventKind.Span) samples[operand] = known.begins(request, operand, step) ? 1 : 0;
      else if (kind === EventKind.Preempt) known.ends(request, step);
      else if (kind === EventKind.Rollback) known.tokens[request] -= operand;
    }
  }
  return samples;
}

/** Tokens that requests have, those included that batches in flight promise them. */
class KnownTokens {
  /** request → tokens; of those that decode by their spans, when these began. */
  readonly tokens: Float64Array;
  private readonly recording: Recording;
  /** request → its span + 1; 0: none. */
  private readonly span: Uint32Array;

  constructor(recording: Recording) {
    this.recording = recording;
    this.tokens = Float64Array.from(recording.requests.numPromptTokens);
    this.span = new Uint32Array(this.tokens.length);
  }

  /** Whether the request samples in the first step of a span. */
  begins(request: number, row: number, step: number): boolean {
    const { spans } = this.recording;
    this.ends(request, step);
    this.span[request] = row + 1;
    const after = spans.computed[row] + spans.tokens[row];
    if (spans.tokens[row] === 0 || after < this.tokens[request]) return false;
    this.tokens[request] = after + 1;
    return true;
  }

  /** Its span was its own until a step. */
  ends(request: number, step: number): void {
    const { spans } = this.recording;
    const row = this.span[request] - 1;
    this.span[request] = 0;
    if (row >= 0) this.tokens[request] += spans.rate[row] * Math.max(0, step - spans.step[row] - 1);
  }
}
