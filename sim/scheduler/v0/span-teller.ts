import type { SpanLog } from '../../recording/span-log.ts';

const NO_SPAN = -1;

/** Writes a span of the recording where a request does otherwise than its last one foretells. */
export class SpanTeller {
  private readonly log: SpanLog;
  private step = 0;
  /** Steps so far that are no prompt steps. */
  private numAdvances = 0;
  private isPromptStep = false;
  // request → the span that was told last, and numAdvances behind its step
  private readonly advances: Int32Array;
  private readonly computed: Int32Array;
  private readonly rate: Int32Array;

  constructor(numRequests: number, log: SpanLog) {
    this.log = log;
    this.advances = new Int32Array(numRequests).fill(NO_SPAN);
    this.computed = new Int32Array(numRequests);
    this.rate = new Int32Array(numRequests);
  }

  beginStep(isPromptStep: boolean): void {
    this.isPromptStep = isPromptStep;
  }

  endStep(): void {
    this.step++;
    if (!this.isPromptStep) this.numAdvances++;
  }

  /** The request computes `tokens` behind `computed` in this step, and `rate` in each of the next. */
  tell(request: number, computed: number, tokens: number, rate: number): void {
    const foretold = this.isPromptStep ? 0 : this.rate[request];
    if (
      this.advances[request] !== NO_SPAN &&
      tokens === foretold &&
      rate === this.rate[request] &&
      computed === this.computed[request] + this.rate[request] * (this.numAdvances - this.advances[request])
    ) {
      return;
    }
    this.advances[request] = this.numAdvances + (this.isPromptStep ? 0 : 1);
    this.computed[request] = computed + tokens;
    this.rate[request] = rate;
    this.log.span(request, this.step, computed, tokens, rate);
  }

  /** The request computes nothing in this step and the next ones. */
  stall(request: number, computed: number): void {
    if (this.rate[request] !== 0) this.tell(request, computed, 0, 0);
  }
}
