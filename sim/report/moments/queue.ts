import { Cursor } from '../../recording/cursor.ts';
import { numUsableBlocks, type Recording } from '../../recording/recording.ts';
import { requestChange } from '../../recording/request-changes.ts';
import { AdmissionStop } from '../../recording/tables.ts';
import { NS_PER_S } from '../../units.ts';
import type { Moment } from './moment.ts';

/* What the queue waits for. */

/** Steps that end with somebody in the queue, for want of blocks. */
function isShort({ steps }: Recording, step: number): boolean {
  const stop = steps.admissionStop[step];
  const isForBlocks = stop === AdmissionStop.NoFreeBlocks || stop === AdmissionStop.Preempted;
  return isForBlocks && steps.numWaiting[step] > 0;
}

function secondsWaited({ steps }: Recording, step: number): number {
  return (steps.numWaiting[step] * (steps.endNs[step] - steps.startNs[step])) / NS_PER_S;
}

/** The first step that has too few blocks, and what of the run follows from such steps; null if there are enough. */
export function firstShortage(recording: Recording): Moment | null {
  const { steps, numSteps, header } = recording;
  let first = -1;
  let last = -1;
  let short = 0;
  let cost = 0;
  for (let step = 0; step < numSteps; step++) {
    if (!isShort(recording, step)) continue;
    if (first < 0) first = step;
    last = step;
    short++;
    cost += secondsWaited(recording, step);
  }
  if (first < 0) return null;
  return {
    kind: 'shortage',
    step: first,
    lastStep: last,
    cost,
    request: headOf(recording, first),
    block: null,
    facts: {
      short,
      numSteps,
      running: steps.numRunning[first],
      waiting: steps.numWaiting[first],
      free: steps.numFreeBlocks[first],
      blocks: numUsableBlocks(header),
    },
  };
}

/** The stretch in which nobody is admitted though somebody waits that cost most; null without one of two steps. */
export function longestBlock(recording: Recording): Moment | null {
  const { steps, numSteps, numEvents } = recording;
  if (numEvents === 0) return null;
  const admits = stepsThatAdmit(recording);
  let found: { step: number; lastStep: number; cost: number } | null = null;
  let begin = -1;
  let cost = 0;
  const close = (end: number) => {
    if (begin >= 0 && end > begin && cost > (found?.cost ?? 0)) found = { step: begin, lastStep: end, cost };
    begin = -1;
    cost = 0;
  };
  for (let step = 0; step < numSteps; step++) {
    if (admits[step] === 1 || steps.numWaiting[step] === 0) close(step - 1);
    if (steps.numWaiting[step] === 0) continue;
    if (begin < 0) begin = step;
    cost += secondsWaited(recording, step);
  }
  close(numSteps - 1);
  // TypeScript does not follow the assignment in the closure.
  const longest = found as { step: number; lastStep: number; cost: number } | null;
  if (longest === null) return null;
  const { step, lastStep } = longest;
  return {
    kind: 'blocked',
    ...longest,
    request: headOf(recording, step),
    block: null,
    facts: {
      seconds: (steps.endNs[lastStep] - steps.startNs[step]) / NS_PER_S,
      waiting: steps.numWaiting.subarray(step, lastStep + 1).reduce((most, n) => Math.max(most, n), 0),
    },
  };
}

/** The step with the fewest free blocks; null for a run without steps. */
export function fullestStep({ steps, numSteps, header }: Recording): Moment | null {
  if (numSteps === 0) return null;
  let fullest = 0;
  for (let step = 1; step < numSteps; step++) {
    if (steps.numFreeBlocks[step] < steps.numFreeBlocks[fullest]) fullest = step;
  }
  return {
    kind: 'fullest',
    step: fullest,
    lastStep: fullest,
    cost: 0,
    request: null,
    block: null,
    facts: {
      free: steps.numFreeBlocks[fullest],
      blocks: numUsableBlocks(header),
      running: steps.numRunning[fullest],
    },
  };
}

/** step → 1 where somebody leaves the queue to run. */
function stepsThatAdmit(recording: Recording): Uint8Array {
  const { steps, numSteps } = recording;
  const admits = new Uint8Array(numSteps);
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const kind = requestChange(recording, event, step)?.kind;
      if (kind === 'admit' || kind === 'resume') admits[step] = 1;
    }
  }
  return admits;
}

/** Who is at the head of the queue in a step; null where the recording does not say. */
function headOf(recording: Recording, step: number): number | null {
  if (recording.numEvents === 0) return null;
  const cursor = new Cursor(recording);
  cursor.seek(step);
  const [head] = cursor.waiting();
  return head ?? null;
}
