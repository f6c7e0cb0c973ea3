import { EventKind, KIND_MASK } from '../recording/events.ts';
import type { Recording } from '../recording/recording.ts';
import { requestChange } from '../recording/request-changes.ts';

/** Times between a token of a request and the one before it; equal ones of a step are one entry. */
export interface TokenIntervals {
  readonly ns: readonly number[];
  /** How many tokens took so long. */
  readonly counts: readonly number[];
  /** The step that sampled them. */
  readonly steps: readonly number[];
}

const Stance = {
  /** Samples nothing unless a span says so. */
  Idle: 0,
  /** Its span, which says that it samples in every step that advances, begins in this step. */
  Starting: 1,
  /** … began before, but no step has advanced since. */
  Joining: 2,
  /** Sampled in the last step that advanced, as all others here did. */
  Steady: 3,
} as const;

const ENDS_SPAN: ReadonlySet<string> = new Set(['preempt', 'swap-out', 'finish', 'abort']);

/**
 * Reads them off the spans, in time and memory of the events: requests that decode from step to step are counted, not
 * visited. As in vLLM, a step that accepts drafts is one sample. A token in flight that async scheduling drops when running
 * requests are reset is counted all the same. Without events there are none.
 */
export function tokenIntervals(recording: Recording): TokenIntervals {
  return new IntervalReader(recording).read();
}

class IntervalReader {
  private readonly recording: Recording;
  /** V0 with async outputs: a request that has all its tokens is in one more batch before it ends. */
  private readonly endsLate: boolean;
  private readonly ns: number[] = [];
  private readonly counts: number[] = [];
  private readonly steps: number[] = [];
  // request → …
  private readonly stance: Uint8Array;
  /** … the end of the step that sampled its last token; NaN: there was none. Of steady ones, advanceNs is. */
  private readonly lastNs: Float64Array;
  /** … its tokens, the one that was sampled last included; of those that sample steadily, when their span began … */
  private readonly numKnown: Float64Array;
  /** … which is so many advances ago. */
  private readonly joined: Uint32Array;
  private joining: number[] = [];
  private starting: number[] = [];
  private sampling: number[] = [];
  private numSteady = 0;
  /** number of advances → steady requests that have all their tokens then. */
  private readonly completeAt = new Map<number, number[]>();
  private numAdvances = 0;
  /** End of the last step that is no prompt step of V0. */
  private advanceNs = Number.NaN;

  constructor(recording: Recording) {
    const numRequests = recording.requests.outcome.length;
    this.recording = recording;
    this.endsLate = recording.header.v0?.asyncOutputProc === true;
    this.stance = new Uint8Array(numRequests);
    this.lastNs = new Float64Array(numRequests).fill(Number.NaN);
    this.numKnown = Float64Array.from(recording.requests.numPromptTokens);
    this.joined = new Uint32Array(numRequests);
  }

  read(): TokenIntervals {
    const { steps, numSteps } = this.recording;
    let event = 0;
    for (let step = 0; step < numSteps; step++) {
      for (; event < steps.scheduleEnd[step]; event++) this.apply(event, step);
      this.sample(step);
      for (; event < steps.eventEnd[step]; event++) this.apply(event, step);
    }
    return { ns: this.ns, counts: this.counts, steps: this.steps };
  }

  private apply(event: number, step: number): void {
    const { events } = this.recording;
    const request = events.a[event];
    const kind = events.kind[event] & KIND_MASK;
    if (kind === EventKind.Span) this.beginSpan(request, events.b[event], step);
    else if (kind === EventKind.Rollback) this.numKnown[request] -= events.b[event];
    else {
      const change = requestChange(this.recording, event, step);
      if (change !== null && ENDS_SPAN.has(change.kind)) this.endSpan(change.request);
    }
  }

  private beginSpan(request: number, row: number, step: number): void {
    const { spans, steps } = this.recording;
    const tokens = spans.tokens[row];
    const after = spans.computed[row] + tokens;
    this.endSpan(request);
    const isSteady = spans.rate[row] > 0;
    // In a prompt step of V0 the others stand still. A batch with drafts foretells nothing, but samples.
    const samples = isSteady
      ? tokens > 0 || steps.isPromptStep[step] === 0
      : tokens > 0 && after >= this.numKnown[request];
    if (samples && !this.hasEnded(request, step)) {
      this.sampling.push(request);
      this.numKnown[request] = after + 1;
    }
    if (!isSteady) return;
    this.stance[request] = Stance.Starting;
    this.starting.push(request);
  }

  /** Whether a request has all its tokens, or will have when a step ends. What it samples then counts for nothing. */
  private hasEnded(request: number, step: number): boolean {
    const { steps, requests } = this.recording;
    return steps.endNs[step] > requests.endNs[request] || (this.endsLate && this.numMissing(request) <= 0);
  }

  /** Tokens that it will still sample, by what is known of it when its span begins. */
  private numMissing(request: number): number {
    const { numPromptTokens, numOutputTokens, numSequences } = this.recording.requests;
    const outputs = numOutputTokens[request] / Math.max(1, numSequences[request]);
    return numPromptTokens[request] + outputs - this.numKnown[request];
  }

  private endSpan(request: number): void {
    if (this.stance[request] === Stance.Steady) {
      this.numSteady--;
      this.lastNs[request] = this.advanceNs;
      this.numKnown[request] += this.numAdvances - this.joined[request];
    }
    this.stance[request] = Stance.Idle;
  }

  /** What a step samples, when all is known that it schedules. */
  private sample(step: number): void {
    const { steps } = this.recording;
    const endNs = steps.endNs[step];
    if (steps.isPromptStep[step] === 0) this.advance(step, endNs);
    for (const request of this.sampling) {
      this.add(endNs - this.lastNs[request], 1, step);
      this.lastNs[request] = endNs;
    }
    this.sampling = [];
    for (const request of this.starting) {
      if (this.stance[request] !== Stance.Starting) continue;
      this.stance[request] = Stance.Joining;
      this.joining.push(request);
    }
    this.starting = [];
  }

  private advance(step: number, endNs: number): void {
    for (const request of this.completeAt.get(this.numAdvances) ?? []) {
      if (this.stance[request] === Stance.Steady && this.dueAdvance(request) <= this.numAdvances)
        this.endSpan(request);
    }
    this.completeAt.delete(this.numAdvances);
    this.numAdvances++;
    this.add(endNs - this.advanceNs, this.numSteady, step);
    for (const request of this.joining) {
      if (this.stance[request] !== Stance.Joining) continue;
      if (this.hasEnded(request, step)) {
        this.stance[request] = Stance.Idle;
        continue;
      }
      this.add(endNs - this.lastNs[request], 1, step);
      this.stance[request] = Stance.Steady;
      this.joined[request] = this.numAdvances - 1;
      this.numSteady++;
      if (!this.endsLate) continue;
      const due = this.dueAdvance(request);
      const others = this.completeAt.get(due);
      if (others === undefined) this.completeAt.set(due, [request]);
      else others.push(request);
    }
    this.joining = [];
    this.advanceNs = endNs;
  }

  /** After how many advances a steady request has all its tokens. */
  private dueAdvance(request: number): number {
    return this.joined[request] + Math.ceil(this.numMissing(request));
  }

  private add(ns: number, count: number, step: number): void {
    if (count === 0 || Number.isNaN(ns)) return;
    this.ns.push(ns);
    this.counts.push(count);
    this.steps.push(step);
  }
}
