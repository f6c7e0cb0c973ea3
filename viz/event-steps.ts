import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../sim/recording/events.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { requestChange } from '../sim/recording/request-changes.ts';
import { AdmissionStop } from '../sim/recording/tables.ts';
import { Replace } from '../sim/recording/v0-listener.ts';

/** Kinds of events that one may want to go to, in the order in which they are offered. */
const EVENT_NAMES = [
  'preempt',
  'blocked',
  'evict',
  'hit',
  'admit',
  'resume',
  'finish',
  'abort',
  'reject',
  'swap-out',
  'swap-in',
  'copy',
  'reset',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** Name of an event → the steps in which there is one, ascending; names without any are left out. O(events). */
export type EventSteps = ReadonlyMap<EventName, Uint32Array>;

export function eventSteps(recording: Recording): EventSteps {
  const { steps, numSteps, events, header } = recording;
  const found = new Map<EventName, number[]>();
  const add = (name: EventName, step: number) => {
    const list = found.get(name) ?? [];
    if (list.length === 0) found.set(name, list);
    if (list[list.length - 1] !== step) list.push(step);
  };
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.admissionStop[step] === AdmissionStop.NoFreeBlocks && steps.numWaiting[step] > 0) {
      add('blocked', step);
    }
    for (; event < steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change !== null && change.kind !== 'arrive') add(change.kind, step);
      const name = blockEvent(events.kind[event], events.c[event], header.v0 !== undefined);
      if (name !== null) add(name, step);
    }
  }
  return new Map(
    EVENT_NAMES.flatMap((name) => {
      const list = found.get(name);
      return list ? [[name, Uint32Array.from(list)] as const] : [];
    }),
  );
}

function blockEvent(packed: number, c: number, isV0: boolean): EventName | null {
  switch (packed & KIND_MASK) {
    case EventKind.Allocate:
      return !isV0 && c !== 0 ? 'evict' : null;
    case EventKind.Evict:
      return 'evict';
    case EventKind.Hit:
      return 'hit';
    case EventKind.Replace:
      return packed >> DETAIL_SHIFT === Replace.Copy ? 'copy' : null;
    case EventKind.ResetCache:
      return 'reset';
    default:
      return null;
  }
}

/** The nearest of ascending steps before or after one; null where there is none. */
export function neighbour(steps: ArrayLike<number>, step: number, direction: 1 | -1): number | null {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step || (direction === 1 && steps[middle] === step)) low = middle + 1;
    else high = middle;
  }
  return (direction === 1 ? steps[low] : steps[low - 1]) ?? null;
}
