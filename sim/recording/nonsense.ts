import { DETAIL_SHIFT, EventKind, KIND_MASK, NO_OWNER } from './events.ts';
import { MAX_ROWS } from './file-header.ts';
import type { Recording } from './recording.ts';

/** A reason why a reader could not replay the columns, or null. */
export function findNonsense(recording: Recording): string | null {
  const { numSteps, numEvents, steps, spans, requestIds } = recording;
  let before = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.scheduleEnd[step] < before || steps.eventEnd[step] < steps.scheduleEnd[step]) {
      return `step ${step}: events out of order`;
    }
    before = steps.eventEnd[step];
  }
  if (before > numEvents) return 'steps name more events than there are';
  for (let row = 0; row < spans.step.length; row++) {
    if (spans.request[row] >= requestIds.length || spans.previous[row] > row || spans.step[row] >= MAX_ROWS) {
      return `span ${row}: out of range`;
    }
  }
  const isPossible = recording.header.v0 === undefined ? possibleInV1(recording) : possibleInV0(recording);
  for (let event = 0; event < numEvents; event++) {
    if (!isPossible(event)) return `event ${event}: out of range`;
  }
  return null;
}

type EventCheck = (event: number) => boolean;

function possibleInV1({ header, requestIds, events, spans }: Recording): EventCheck {
  const numRequests = requestIds.length;
  const { numGpuBlocks, groups } = header.pool;
  return (event) => {
    const kind = events.kind[event] & KIND_MASK;
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const isBlockEvent = (kind >= EventKind.Allocate && kind <= EventKind.Drop) || kind === EventKind.Evict;
    const movesBack = kind === EventKind.Admit || (kind >= EventKind.Preempt && kind <= EventKind.Abort);
    return (
      kind <= EventKind.EncoderEvict &&
      (kind === EventKind.ResetCache || events.a[event] < numRequests) &&
      (!isBlockEvent || (events.b[event] < numGpuBlocks && detail < groups.length)) &&
      (kind !== EventKind.Span || events.b[event] < spans.step.length) &&
      (kind !== EventKind.Hit || events.c[event] <= numGpuBlocks + 1) &&
      (!movesBack || events.c[event] <= numRequests)
    );
  };
}

/** Longest table that is believed. */
const MAX_POSITION = 1 << 24;

function possibleInV0({ header, requestIds, requests, events, spans }: Recording): EventCheck {
  const numRequests = requestIds.length;
  const numSequences = requests.numSequences.reduce((sum, n) => sum + Math.max(1, n), 0);
  const sizes = [header.pool.numGpuBlocks, header.v0?.numCpuBlocks ?? 0];
  return (event) => {
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    const isBlock = detail <= 1 && b < sizes[detail];
    const isPlace = c <= sizes[detail] + 1;
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Reject:
        return a < numRequests;
      case EventKind.Span:
        return a < numRequests && b < spans.step.length;
      case EventKind.Move:
        return a < numRequests && b <= numRequests && c <= numRequests;
      case EventKind.Allocate:
        return isBlock && (a < numSequences || a === NO_OWNER);
      case EventKind.Hit:
        return isBlock && isPlace && a < numSequences;
      case EventKind.Free:
        return isBlock && a < numSequences && c < MAX_POSITION;
      case EventKind.Cache:
        return isBlock;
      case EventKind.Evict:
        return isBlock && a <= sizes[detail];
      case EventKind.Replace:
        return a < numSequences && b < sizes[0] && c < MAX_POSITION;
      case EventKind.ReplaceWith:
        return event > 0 && a < numSequences && b < sizes[0] && c <= sizes[0] + 1;
      case EventKind.Fork:
        return a < numSequences && b < numSequences;
      default:
        return false;
    }
  };
}
