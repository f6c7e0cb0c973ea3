import { TableWriter } from './column.ts';
import type { EventSink } from './event-sink.ts';
import { EventKind } from './events.ts';
import type { Recording, RecordingHeader } from './recording.ts';
import type { SpanLog } from './span-log.ts';
import { EVENT_COLUMNS, type RequestColumns, SPAN_COLUMNS, STEP_COLUMNS } from './tables.ts';

/** One step's row, as the engine knows it once the step has ended. */
export interface StepRow {
  startNs: number;
  endNs: number;
  scheduleEnd: number;
  numScheduledTokens: number;
  numScheduledRequests: number;
  numRunning: number;
  numWaiting: number;
  numFreeBlocks: number;
  numCachedFreeBlocks: number;
  internalWasteSlots: number;
  reservedSlots: number;
  admissionStop: number;
  isPromptStep: number;
  admissionNeed: number;
}

/** The row of a step of which nothing is known yet. */
export function emptyRow(): StepRow {
  return {
    startNs: 0,
    endNs: 0,
    scheduleEnd: 0,
    numScheduledTokens: 0,
    numScheduledRequests: 0,
    numRunning: 0,
    numWaiting: 0,
    numFreeBlocks: 0,
    numCachedFreeBlocks: 0,
    internalWasteSlots: 0,
    reservedSlots: 0,
    admissionStop: 0,
    isPromptStep: 0,
    admissionNeed: 0,
  };
}

/** Writes a recording: events and spans as they happen, a row per step. */
export class Recorder implements EventSink, SpanLog {
  private readonly steps = new TableWriter(STEP_COLUMNS);
  private readonly events = new TableWriter(EVENT_COLUMNS);
  private readonly spans = new TableWriter(SPAN_COLUMNS);
  /** request → row of its last span + 1. */
  private readonly lastSpan: Uint32Array;

  constructor(numRequests: number) {
    this.lastSpan = new Uint32Array(numRequests);
  }

  get numSteps(): number {
    return this.steps.length;
  }

  get numEvents(): number {
    return this.events.length;
  }

  event(kind: number, a: number, b: number, c: number): void {
    const { current, row } = this.events;
    current.kind[row] = kind;
    current.a[row] = a;
    current.b[row] = b;
    current.c[row] = c;
    this.events.advance();
  }

  span(request: number, step: number, computed: number, tokens: number, rate: number): void {
    const { current, row } = this.spans;
    current.request[row] = request;
    current.step[row] = step;
    current.computed[row] = computed;
    current.tokens[row] = tokens;
    current.rate[row] = rate;
    current.previous[row] = this.lastSpan[request];
    const span = this.spans.length;
    this.lastSpan[request] = span + 1;
    this.spans.advance();
    this.event(EventKind.Span, request, span, 0);
  }

  /** Ends a step whose events have all been reported. */
  step(step: StepRow): void {
    const { current, row } = this.steps;
    current.startNs[row] = step.startNs;
    current.endNs[row] = step.endNs;
    current.scheduleEnd[row] = step.scheduleEnd;
    current.eventEnd[row] = this.numEvents;
    current.numScheduledTokens[row] = step.numScheduledTokens;
    current.numScheduledRequests[row] = step.numScheduledRequests;
    current.numRunning[row] = step.numRunning;
    current.numWaiting[row] = step.numWaiting;
    current.numFreeBlocks[row] = step.numFreeBlocks;
    current.numCachedFreeBlocks[row] = step.numCachedFreeBlocks;
    current.internalWasteSlots[row] = step.internalWasteSlots;
    current.reservedSlots[row] = step.reservedSlots;
    current.admissionStop[row] = step.admissionStop;
    current.isPromptStep[row] = step.isPromptStep;
    current.admissionNeed[row] = step.admissionNeed;
    this.steps.advance();
  }

  /** What was reported since the last step's row belongs to that step too. */
  extendStep(): void {
    this.steps.amend('eventEnd', this.numEvents);
  }

  finish(header: RecordingHeader, requestIds: readonly string[], requests: RequestColumns): Recording {
    return {
      header,
      requestIds,
      numSteps: this.steps.length,
      numEvents: this.events.length,
      steps: this.steps.finish(),
      events: this.events.finish(),
      spans: this.spans.finish(),
      requests,
    };
  }
}
