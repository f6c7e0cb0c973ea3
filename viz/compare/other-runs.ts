import { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { diffRecordings, type RecordingDiff } from '../../sim/report/diff.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';
import { t } from '../text/text.ts';

/** How the cursors of two runs belong together: by the number of the step, or by simulated time. */
export type Alignment = 'time' | 'step';

/** A run beside the one that is played. */
export interface OtherRun {
  readonly source: ScenarioSource;
  readonly replicas: readonly Recording[];
  /** That of the engine which is shown of the first run, too, if there are so many. */
  readonly recording: Recording;
  readonly cursor: Cursor;
  readonly diff: RecordingDiff;
}

/** The letters of the runs: A is the one that is played. */
export const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** More do not fit beside each other. */
export const MOST_OTHERS = 3;

export function otherRun(source: ScenarioSource, replicas: readonly Recording[], base: Recording): OtherRun {
  const index = base.header.replica?.index ?? 0;
  const recording = replicas[Math.min(index, replicas.length - 1)];
  return {
    source,
    replicas,
    recording,
    cursor: new Cursor(recording),
    diff: diffRecordings(base, recording),
  };
}

/** What sets it apart from the first run. */
export function labelOf({ source: { sets }, recording: { header } }: OtherRun): string {
  const flags = sets.flatMap((set) => (set.startsWith(FORK_SET) ? set.slice(FORK_SET.length) : []));
  if (header.switch !== undefined && flags.length > 0) {
    return t().compare.forked(header.switch.step, flags.join(' '));
  }
  return sets.length > 0 ? sets.join(' ') : header.name;
}

/** What a flag of a fork is set by. */
const FORK_SET = 'fork.set.';

/** Where another run stands when the first stands at a step of its own. */
export function alignedStep(base: Recording, step: number, other: Recording, alignment: Alignment): number {
  if (step >= base.numSteps) return other.numSteps;
  if (alignment === 'step') return Math.min(step, other.numSteps);
  const now = base.steps.startNs[Math.max(0, step)];
  let [low, high] = [0, other.numSteps];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (other.steps.startNs[middle] <= now) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Blocks that two pools hold differently: for another number of requests, for others, or cached in only one of
 * them. Requests are compared by their rows, so both runs need the same workload. O(blocks).
 */
export function differingBlocks(a: Cursor, b: Cursor): Set<number> {
  const found = new Set<number>();
  const both = Math.min(a.numBlocks, b.numBlocks);
  for (let block = 0; block < both; block++) {
    if (
      a.refCount[block] !== b.refCount[block] ||
      a.holderSum[block] !== b.holderSum[block] ||
      (a.chain[block] === 0) !== (b.chain[block] === 0)
    ) {
      found.add(block);
    }
  }
  for (let block = both; block < Math.max(a.numBlocks, b.numBlocks); block++) found.add(block);
  return found;
}
