import type { Recording } from '../recording/recording.ts';
import { requestChange } from '../recording/request-changes.ts';

/** How many requests are swapped out after each step's schedule(). V1 swaps nobody. */
export function swappedRequests(recording: Recording): ((step: number) => number) | null {
  const { header, steps, numSteps } = recording;
  if (header.v0 === undefined) return () => 0;
  // Several engines together have no events.
  if (header.replica?.index === null) return null;
  const after = new Uint32Array(numSteps);
  const swapped = new Set<number>();
  let event = 0;
  const applyUntil = (end: number, step: number) => {
    for (; event < end; event++) {
      const change = requestChange(recording, event, step);
      if (change?.kind === 'swap-out') swapped.add(change.request);
      else if (change !== null) swapped.delete(change.request);
    }
  };
  for (let step = 0; step < numSteps; step++) {
    applyUntil(steps.scheduleEnd[step], step);
    after[step] = swapped.size;
    applyUntil(steps.eventEnd[step], step);
  }
  return (step) => after[step];
}
