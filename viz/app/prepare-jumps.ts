import type { Cursor } from '../../sim/recording/cursor.ts';

/** Events that are replayed in less than a millisecond or two. */
const EVENTS = 10_000;
const LEAST_MS = 3;

/** Makes jumps in a run short, bit by bit whenever the page has nothing else to do. */
export function prepareJumps(cursor: Cursor, isShown: () => boolean): void {
  // Safari does not say when that is; there, the first jumps take longer.
  if (!('requestIdleCallback' in window)) return;
  const idle = (deadline: IdleDeadline) => {
    if (!isShown()) return;
    while (deadline.timeRemaining() > LEAST_MS) if (!cursor.prepare(EVENTS)) return;
    requestIdleCallback(idle);
  };
  requestIdleCallback(idle);
}
