import { DETAIL_SHIFT, EventKind, KIND_MASK, RequestState, unpackMove } from './events.ts';
import type { Recording } from './recording.ts';
import { Move } from './v0-listener.ts';

export type RequestChangeKind =
  | 'arrive'
  | 'reject'
  | 'admit'
  | 'resume'
  | 'preempt'
  | 'swap-out'
  | 'swap-in'
  | 'finish'
  | 'abort';

/** What an event did to a request, in the same words for V1 and V0. */
export interface RequestChange {
  readonly kind: RequestChangeKind;
  readonly request: number;
}

/** What an event of `step` did to a request; null if it is of another kind. */
export function requestChange(recording: Recording, event: number, step: number): RequestChange | null {
  const { events } = recording;
  const request = events.a[event];
  const kind =
    recording.header.v0 === undefined ? kindInV1(recording, event) : kindInV0(recording, event, step);
  return kind === null ? null : { kind, request };
}

/** Tokens that the prefix cache gave a request that an event admitted. */
export function cachedTokensAt(recording: Recording, event: number): number {
  const { events, header } = recording;
  if (header.v0 === undefined) return events.b[event];
  let blocks = 0;
  for (let next = event + 1; next < recording.numEvents; next++) {
    const kind = events.kind[next] & KIND_MASK;
    if (kind === EventKind.Move || kind === EventKind.Span) break;
    if (kind === EventKind.Hit) blocks++;
  }
  return blocks * header.pool.groups[0].blockSize;
}

function kindInV1({ events }: Recording, event: number): RequestChangeKind | null {
  switch (events.kind[event] & KIND_MASK) {
    case EventKind.Arrive:
      return 'arrive';
    case EventKind.Reject:
      return 'reject';
    case EventKind.Admit:
      return events.kind[event] >> DETAIL_SHIFT === RequestState.Preempted ? 'resume' : 'admit';
    case EventKind.Preempt:
      return 'preempt';
    case EventKind.Finish:
      return 'finish';
    case EventKind.Abort:
      return 'abort';
    default:
      return null;
  }
}

function kindInV0(
  { events, requests, steps }: Recording,
  event: number,
  step: number,
): RequestChangeKind | null {
  const kind = events.kind[event] & KIND_MASK;
  if (kind === EventKind.Reject) return 'reject';
  if (kind !== EventKind.Move) return null;
  switch (unpackMove(events.kind[event] >> DETAIL_SHIFT).why) {
    case Move.Arrive:
      return 'arrive';
    case Move.Ignore:
      return 'reject';
    case Move.Admit:
      return requests.firstScheduledNs[events.a[event]] < steps.startNs[step] ? 'resume' : 'admit';
    case Move.Recompute:
    case Move.ForceRecompute:
      return 'preempt';
    case Move.SwapOut:
    case Move.ForceSwapOut:
      return 'swap-out';
    case Move.SwapIn:
      return 'swap-in';
    case Move.Finish:
      return 'finish';
    case Move.Abort:
      return 'abort';
    default:
      return null;
  }
}
