import type { Cursor } from '../sim/recording/cursor.ts';
import { numUsableBlocks, type Recording } from '../sim/recording/recording.ts';
import { cachedTokensAt, requestChange } from '../sim/recording/request-changes.ts';
import type { SlotShares } from '../sim/report/summary.ts';

/** Running totals that the page shows at any step, made in one pass over the recording. */
export interface Derived {
  /** step → preemptions up to and with it. */
  readonly preemptions: Uint32Array;
  /** step → tokens looked up in the prefix cache at first admissions up to and with it, and those found. */
  readonly lookedUp: Float64Array;
  readonly found: Float64Array;
}

export function derive(recording: Recording): Derived {
  const { numSteps, steps, requests, header } = recording;
  const preemptions = new Uint32Array(numSteps);
  const lookedUp = new Float64Array(numSteps);
  const found = new Float64Array(numSteps);
  let [event, preempted, queries, hits] = [0, 0, 0, 0];
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.scheduleEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change === null) continue;
      if (change.kind === 'preempt' || change.kind === 'swap-out') preempted++;
      if (change.kind !== 'admit' || !header.pool.enablePrefixCaching) continue;
      queries += requests.numPromptTokens[change.request];
      hits += cachedTokensAt(recording, event);
    }
    preemptions[step] = preempted;
    lookedUp[step] = queries;
    found[step] = hits;
  }
  return { preemptions, lookedUp, found };
}

/** What the pool's token slots are at the cursor; null where groups of unequal blocks have no common slots. */
export function slotSharesAt(cursor: Cursor): SlotShares | null {
  const { header, steps, numSteps } = cursor.recording;
  const { groups } = header.pool;
  const { blockSize } = groups[0];
  if (groups.some((group) => group.blockSize !== blockSize)) return null;
  const usable = Math.max(1, numUsableBlocks(header));
  const slots = usable * blockSize;
  // Behind the last step there is waste only if the run was cut short: what the last step left.
  const row = Math.min(cursor.step, numSteps - 1);
  const isHeld = row >= 0 && cursor.numRunning > 0;
  const internal = isHeld ? steps.internalWasteSlots[row] / slots : 0;
  const reserved = isHeld ? steps.reservedSlots[row] / slots : 0;
  const isStep = cursor.step >= 0 && cursor.step < numSteps;
  const cachedFree = (isStep ? steps.numCachedFreeBlocks[row] : countCachedFree(cursor)) / usable;
  const free = cursor.numFree / usable - cachedFree;
  const tokens = Math.max(0, 1 - internal - reserved - cachedFree - free);
  return { tokens, internal, reserved, cachedFree, free };
}

function countCachedFree({ numBlocks, refCount, chain }: Cursor): number {
  let cached = 0;
  for (let block = 1; block < numBlocks; block++) if (refCount[block] === 0 && chain[block] !== 0) cached++;
  return cached;
}
