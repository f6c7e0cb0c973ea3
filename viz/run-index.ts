import type { Recording } from '../sim/recording/recording.ts';
import { type Derived, derive } from './derived.ts';
import { type EventSteps, eventSteps } from './event-steps.ts';

/** What the page looks up in a run, made in passes over all its events. */
export interface RunIndex {
  readonly derived: Derived;
  readonly events: EventSteps;
}

const known = new WeakMap<Recording, RunIndex>();

export function makeIndex(recording: Recording): RunIndex {
  return { derived: derive(recording), events: eventSteps(recording) };
}

/** Somebody has made it, where it kept nobody waiting. */
export function keepIndex(recording: Recording, index: RunIndex): void {
  known.set(recording, index);
}

export function indexOf(recording: Recording): RunIndex {
  const index = known.get(recording) ?? makeIndex(recording);
  known.set(recording, index);
  return index;
}
