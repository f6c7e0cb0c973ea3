import { type ContiguousListener, Leave } from './contiguous-listener.ts';
import type { EventSink } from './event-sink.ts';
import { DETAIL_SHIFT, EventKind, RequestState } from './events.ts';
import type { SpanLog } from './span-log.ts';

/**
 * Writes a contiguous baseline in V1's events: a slot is a block of one token, numbered from 1, and the table of a
 * request is its region, without what a buddy system rounds up: those slots are free, though nobody can have them.
 */
export class ContiguousRecorder implements ContiguousListener {
  private readonly log: EventSink & SpanLog & { readonly numSteps: number };
  private readonly numPromptTokens: Int32Array;
  /** request → slots that are reserved for it. */
  private readonly numReserved: Int32Array;

  constructor(
    log: EventSink & SpanLog & { readonly numSteps: number },
    numPromptTokens: Int32Array,
    numReserved: Int32Array,
  ) {
    this.log = log;
    this.numPromptTokens = numPromptTokens;
    this.numReserved = numReserved;
  }

  arrive(request: number): void {
    this.log.event(EventKind.Arrive, request, 0, 0);
  }

  place(request: number, offset: number): void {
    const { log } = this;
    const length = this.numReserved[request];
    log.event(EventKind.Admit | (RequestState.Waiting << DETAIL_SHIFT), request, 0, 0);
    for (let slot = offset; slot < offset + length; slot++)
      log.event(EventKind.Allocate, request, slot + 1, 0);
    log.span(request, log.numSteps, 0, this.numPromptTokens[request], 1);
  }

  idle(request: number, numUsed: number): void {
    this.log.span(request, this.log.numSteps + 1, numUsed, 0, 0);
  }

  release(request: number, why: Leave, before: number, offset: number): void {
    const { log } = this;
    const length = this.numReserved[request];
    for (let slot = offset + length; slot > offset; slot--) log.event(EventKind.Free, request, slot, 0);
    const kind = why === Leave.Finish ? EventKind.Finish : EventKind.Abort;
    log.event(kind | (RequestState.Running << DETAIL_SHIFT), request, 0, before + 1);
  }

  drop(request: number, _why: Leave, before: number): void {
    this.log.event(EventKind.Abort | (RequestState.Waiting << DETAIL_SHIFT), request, 0, before + 1);
  }
}
