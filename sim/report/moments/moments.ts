import { Cursor } from '../../recording/cursor.ts';
import type { Recording } from '../../recording/recording.ts';
import { explainAt, type Reason } from '../explain.ts';
import { isPressure } from '../why.ts';
import { regrettedEvictions } from './evictions.ts';
import type { Moment } from './moment.ts';
import { preemptionStorm } from './preemptions.ts';
import { firstShortage, fullestStep, longestBlock } from './queue.ts';

const MOST_REASONS = 3;

/** What looks for moments, each for one kind; null where there is none. Each is O(events). */
export const FINDERS: readonly ((recording: Recording) => Moment | null)[] = [
  badEnd,
  firstShortage,
  longestBlock,
  preemptionStorm,
  regrettedEvictions,
];

/**
 * The moments of a run that mattered most, in the order of time: how it ended, if badly, then those that cost requests
 * most time. Where nothing was short, the fullest step. Empty for a run without steps.
 */
export function momentsOf(recording: Recording, most?: number): Moment[] {
  return chooseMoments(
    recording,
    FINDERS.map((find) => find(recording)),
    most,
  );
}

/** The same from what the finders found. */
export function chooseMoments(
  recording: Recording,
  candidates: readonly (Moment | null)[],
  most = 3,
): Moment[] {
  const all = candidates.filter((moment) => moment !== null);
  const found = all.filter((moment) => !isToldAlready(moment, all));
  const calm = found.length === 0 ? fullestStep(recording) : null;
  if (calm !== null) return [calm];
  return found
    .sort((a, b) => b.cost - a.cost)
    .slice(0, most)
    .sort((a, b) => a.step - b.step);
}

/** The first shortage may be the wait or the preemption that is told anyway. */
function isToldAlready(moment: Moment, moments: readonly Moment[]): boolean {
  return (
    moment.kind === 'shortage' && moments.some((other) => other !== moment && other.step === moment.step)
  );
}

function badEnd({ header, numSteps }: Recording): Moment | null {
  const { end, crash } = header;
  if (numSteps === 0 || (end !== 'engine-crash' && end !== 'hang')) return null;
  const step = Math.min(numSteps - 1, crash?.step ?? numSteps - 1);
  return {
    kind: end === 'hang' ? 'hang' : 'crash',
    step,
    lastStep: step,
    cost: Number.POSITIVE_INFINITY,
    request: null,
    block: null,
    facts: {},
  };
}

/** The engine's own reasons for a moment, those about its request or block only. */
export function reasonsOf(recording: Recording, { step, request, block }: Moment): Reason[] {
  if (recording.numEvents === 0) return [];
  const cursor = new Cursor(recording);
  cursor.seek(step);
  const reasons = explainAt(cursor);
  const about = reasons.filter(
    (reason) =>
      (request !== null && reason.requests.includes(request)) ||
      (block !== null && reason.blocks.includes(block)),
  );
  const pressing = about.filter(isPressure);
  return (pressing.length > 0 ? pressing : about).slice(0, MOST_REASONS);
}
