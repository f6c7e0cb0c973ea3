import { Cursor } from '../../recording/cursor.ts';
import type { Recording } from '../../recording/recording.ts';
import { requestChange } from '../../recording/request-changes.ts';
import { NS_PER_S } from '../../units.ts';
import { heaviestBurst } from './bursts.ts';
import type { Moment } from './moment.ts';

/** Fewer are an accident. */
const LEAST = 3;
/** Preemptions at most so many steps apart belong together. */
const GAP = 10;

interface Preemption {
  readonly step: number;
  readonly request: number;
  readonly isSwap: boolean;
  /** Until it runs again, or the run ends, seconds. */
  seconds: number;
}

/** The burst of preemptions (swaps are some too) in which requests lost most time; null where there are few. */
export function preemptionStorm(recording: Recording): Moment | null {
  const storm = heaviestBurst(preemptions(recording), GAP, ({ seconds }) => seconds);
  if (storm.length < LEAST) return null;
  const [first] = storm;
  return {
    kind: 'storm',
    step: first.step,
    lastStep: storm[storm.length - 1].step,
    cost: storm.reduce((sum, { seconds }) => sum + seconds, 0),
    request: first.request,
    block: null,
    facts: {
      preemptions: storm.length,
      requests: new Set(storm.map(({ request }) => request)).size,
      lostTokens: tokensLost(recording, storm),
      longest: storm.reduce((most, { seconds }) => Math.max(most, seconds), 0),
    },
  };
}

function preemptions(recording: Recording): Preemption[] {
  const { steps, numSteps } = recording;
  const all: Preemption[] = [];
  const pending = new Map<number, Preemption>();
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change === null) continue;
      const { kind, request } = change;
      const before = pending.get(request);
      if (before !== undefined) {
        before.seconds = (steps.startNs[step] - steps.startNs[before.step]) / NS_PER_S;
        pending.delete(request);
      }
      if (kind !== 'preempt' && kind !== 'swap-out') continue;
      const untilEnd = (steps.endNs[numSteps - 1] - steps.startNs[step]) / NS_PER_S;
      const preemption = { step, request, isSwap: kind === 'swap-out', seconds: untilEnd };
      all.push(preemption);
      pending.set(request, preemption);
    }
  }
  return all;
}

/** What was computed for the victims and is given up; what is swapped is not. */
function tokensLost(recording: Recording, storm: readonly Preemption[]): number {
  const cursor = new Cursor(recording);
  let lost = 0;
  for (const { step, request, isSwap } of storm) {
    if (isSwap) continue;
    cursor.seek(step - 1);
    lost += cursor.numComputedTokens(request) + cursor.numScheduledTokens(request);
  }
  return lost;
}
