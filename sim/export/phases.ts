import type { Recording } from '../recording/recording.ts';
import { requestChange } from '../recording/request-changes.ts';

export type PhaseName = 'waiting' | 'prefill' | 'decode' | 'preempted' | 'swapped';

/** A part of a request's life. Those of one request follow each other and do not overlap. */
export interface Phase {
  readonly name: PhaseName;
  readonly startNs: number;
  readonly endNs: number;
}

/** From one preemption until the request runs again, or ends. */
interface Pause {
  readonly name: 'preempted' | 'swapped';
  readonly startNs: number;
  endNs: number;
}

export type Pauses = ReadonlyMap<number, readonly Pause[]>;

/** When each request was out of the running ones after it had been in, by its row. */
export function pausesOf(recording: Recording): Pauses {
  const { steps, numSteps } = recording;
  const pauses = new Map<number, Pause[]>();
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change === null) continue;
      const ns = event < steps.scheduleEnd[step] ? steps.startNs[step] : steps.endNs[step];
      const before = pauses.get(change.request) ?? [];
      if (change.kind === 'preempt' || change.kind === 'swap-out') {
        const name = change.kind === 'preempt' ? 'preempted' : 'swapped';
        pauses.set(change.request, [...before, { name, startNs: ns, endNs: Number.POSITIVE_INFINITY }]);
      } else if (before.length > 0) {
        const last = before[before.length - 1];
        last.endNs = Math.min(last.endNs, ns);
      }
    }
  }
  return pauses;
}

/** The phases of a request, in their order. What had not ended when the run did ends with it. */
export function phasesOf({ requests, steps, numSteps }: Recording, i: number, pauses: Pauses): Phase[] {
  const orElse = (ns: number, otherwise: number) => (Number.isNaN(ns) ? otherwise : ns);
  const { arrivalNs, firstScheduledNs, firstTokenNs } = requests;
  const runEndNs = numSteps > 0 ? steps.endNs[numSteps - 1] : 0;
  const endNs = orElse(requests.endNs[i], runEndNs);
  const scheduledNs = Math.min(orElse(firstScheduledNs[i], endNs), endNs);
  const tokenNs = Math.min(orElse(firstTokenNs[i], endNs), endNs);
  const phases: Phase[] = [];
  const add = (name: PhaseName, startNs: number, untilNs: number) => {
    if (untilNs > startNs) phases.push({ name, startNs, endNs: untilNs });
  };
  add('waiting', arrivalNs[i], scheduledNs);
  let at = scheduledNs;
  const computeUntil = (untilNs: number) => {
    add('prefill', at, Math.min(untilNs, tokenNs));
    add('decode', Math.max(at, tokenNs), untilNs);
    at = Math.max(at, untilNs);
  };
  for (const pause of pauses.get(i) ?? []) {
    computeUntil(Math.min(pause.startNs, endNs));
    const untilNs = Math.min(pause.endNs, endNs);
    add(pause.name, at, untilNs);
    at = Math.max(at, untilNs);
  }
  computeUntil(endNs);
  return phases;
}

/**
 * Whether nothing is in the engine between a step and what follows. While requests wait or a run was cut off, the
 * gauges of the step still hold.
 */
export function isIdleAfter({ header, steps, numSteps }: Recording, step: number): boolean {
  if (step < 0) return true;
  if (step === numSteps - 1) return header.end === 'drained';
  return steps.numWaiting[step] === 0 && steps.startNs[step + 1] > steps.endNs[step];
}
