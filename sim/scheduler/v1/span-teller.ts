import type { SpanLog } from '../../recording/span-log.ts';

/** No span foretells what the request does next: its computed tokens were rolled back. */
const UNFORESEEN = 255;

/** Writes a span of the recording where a request does otherwise than its last one foretells (see SpanColumns). */
export class SpanTeller {
  /** null: nobody reads them. */
  log: SpanLog | null = null;
  /** request → tokens that its span foretells for the next step. */
  readonly foretold: Uint8Array;

  constructor(numRequests: number) {
    this.foretold = new Uint8Array(numRequests);
  }

  /** From a step on the request computes `tokens` behind `computed`, and `rate` in each of the next steps. */
  tell(step: number, request: number, computed: number, tokens: number, rate: number): void {
    this.foretold[request] = rate;
    this.log!.span(request, step, computed, tokens, rate);
  }

  /** The request is not in a step's batch. */
  stall(step: number, request: number, computed: number): void {
    if (this.foretold[request] !== 0) this.tell(step, request, computed, 0, 0);
  }

  rolledBack(request: number): void {
    this.foretold[request] = UNFORESEEN;
  }
}
