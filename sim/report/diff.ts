import { Cursor } from '../recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, type Recording, RequestState } from '../recording/recording.ts';
import { type Summary, summarize } from './summary.ts';

/** The first decision in which two recordings part. */
export interface FirstDifference {
  readonly step: number;
  /** When the step starts in either of them, integer nanoseconds. */
  readonly startNs: readonly [number, number];
  /** What each of them decides, in a few words. */
  readonly decisions: readonly [string, string];
}

export interface Setting {
  readonly name: string;
  readonly values: readonly [unknown, unknown];
}

export interface ResultPair {
  readonly name: string;
  readonly values: readonly [number | null, number | null];
}

export interface RecordingDiff {
  /** Settings of pool, scheduler, version and seed that are not equal. */
  readonly settings: readonly Setting[];
  /** Requests that only one of them has. */
  readonly onlyIn: readonly [readonly string[], readonly string[]];
  /** Block ids are compared only where both pools are built alike. */
  readonly comparesBlocks: boolean;
  /** null: every decision is the same. */
  readonly first: FirstDifference | null;
  readonly results: readonly ResultPair[];
}

/**
 * Where and how far two recordings differ. Requests are matched by their ids, steps by their numbers; times are
 * results, not decisions, and do not count as a difference.
 */
export function diffRecordings(a: Recording, b: Recording): RecordingDiff {
  const idsOfA = new Set(a.requestIds);
  const idsOfB = new Set(b.requestIds);
  const comparesBlocks = JSON.stringify(a.header.pool) === JSON.stringify(b.header.pool);
  return {
    settings: settingsThatDiffer(a, b),
    onlyIn: [a.requestIds.filter((id) => !idsOfB.has(id)), b.requestIds.filter((id) => !idsOfA.has(id))],
    comparesBlocks,
    first: firstDifference(a, b, comparesBlocks),
    results: resultsOf(summarize(a), summarize(b)),
  };
}

function settingsThatDiffer({ header: a }: Recording, { header: b }: Recording): Setting[] {
  const flat = ({ vllm, seed, pool, scheduler }: Recording['header']) => {
    const { groups, ...rest } = pool;
    const kinds = groups.map(
      ({ kind, blockSize, window }) => `${kind}/${blockSize}${window > 0 ? `/${window}` : ''}`,
    );
    return { vllm, seed, ...rest, groups: kinds.join(' + '), ...scheduler } as Record<string, unknown>;
  };
  const [one, other] = [flat(a), flat(b)];
  return Object.keys(one)
    .filter((name) => one[name] !== other[name])
    .map((name) => ({ name, values: [one[name], other[name]] as const }));
}

/** Decisions of one step, as texts that are equal if and only if the decisions are. */
function decisionsOf(cursor: Cursor, step: number, withBlocks: boolean): string[] {
  const { recording } = cursor;
  const { events, steps, requestIds, numSteps } = recording;
  if (step >= numSteps) return ['has ended'];
  const decisions: string[] = [];
  const begin = step === 0 ? 0 : steps.eventEnd[step - 1];
  const blocks = new Map<string, number[]>();
  for (let event = begin; event < steps.eventEnd[step]; event++) {
    const kind = events.kind[event] & KIND_MASK;
    const id = requestIds[events.a[event]];
    switch (kind) {
      case EventKind.Reject:
        decisions.push(`rejects ${id}`);
        break;
      case EventKind.Admit: {
        const again = events.kind[event] >> DETAIL_SHIFT === RequestState.Preempted;
        decisions.push(`${again ? 'resumes' : 'admits'} ${id} with ${events.b[event]} cached tokens`);
        break;
      }
      case EventKind.Preempt:
        decisions.push(`preempts ${id}`);
        break;
      case EventKind.Abort:
        decisions.push(`aborts ${id}`);
        break;
      case EventKind.Finish:
        decisions.push(`ends ${id} with ${events.b[event]} outputs`);
        break;
      case EventKind.Allocate:
        if (withBlocks) blocks.set(id, [...(blocks.get(id) ?? []), events.b[event]]);
        break;
    }
  }
  cursor.seek(step);
  for (const request of cursor.running()) {
    const tokens = cursor.numScheduledTokens(request);
    decisions.push(
      `computes ${tokens} tokens of ${requestIds[request]} behind ${cursor.numComputedTokens(request)}`,
    );
  }
  for (const [id, ids] of blocks) decisions.push(`gives ${id} the blocks ${ids.join(', ')}`);
  return decisions;
}

function firstDifference(a: Recording, b: Recording, withBlocks: boolean): FirstDifference | null {
  const cursors = [new Cursor(a), new Cursor(b)] as const;
  for (let step = 0; step < Math.max(a.numSteps, b.numSteps); step++) {
    const [one, other] = cursors.map((cursor) => decisionsOf(cursor, step, withBlocks));
    if (one.length === other.length && one.every((decision, i) => decision === other[i])) continue;
    const startNs = [a, b].map(({ steps, numSteps }) => steps.startNs[Math.min(step, numSteps - 1)] ?? 0);
    return {
      step,
      startNs: [startNs[0], startNs[1]],
      decisions: [ownDecision(one, other), ownDecision(other, one)],
    };
  }
  return null;
}

/** The first decision that the other does not take; if they only differ in order, the first out of place. */
function ownDecision(mine: readonly string[], others: readonly string[]): string {
  const own = mine.find((decision) => !others.includes(decision));
  if (own !== undefined) return own;
  const isSubset = others.some((decision) => !mine.includes(decision));
  return isSubset
    ? 'does none of that'
    : (mine.find((decision, i) => decision !== others[i]) ?? 'does none of that');
}

function resultsOf(a: Summary, b: Summary): ResultPair[] {
  const [one, other] = [scalarsOf(a), scalarsOf(b)];
  return [...one].map(([name, value]) => ({ name, values: [value, other.get(name) ?? null] as const }));
}

/** The numbers of a summary under readable names; times in seconds, shares in [0, 1]. */
function scalarsOf(summary: Summary): Map<string, number | null> {
  const { requests, throughput, kvCacheUse, slots } = summary;
  const scalars = new Map<string, number | null>([
    ['requests finished', requests.finished],
    ['requests aborted', requests.aborted],
    ['steps', summary.numSteps],
    ['simulated seconds', summary.simulatedSeconds],
    ['requests per second', throughput?.requestsPerSecond ?? null],
    ['output tokens per second', throughput?.outputTokensPerSecond ?? null],
  ]);
  const times = {
    TTFT: summary.timeToFirstToken,
    TPOT: summary.timePerOutputToken,
    'end to end': summary.endToEnd,
    queue: summary.queueTime,
  };
  for (const [name, stats] of Object.entries(times)) {
    for (const key of ['mean', 'p50', 'p90', 'p99'] as const)
      scalars.set(`${name} ${key} (s)`, stats?.[key] ?? null);
  }
  scalars.set('KV use mean', kvCacheUse?.mean ?? null);
  scalars.set('KV use max', kvCacheUse?.max ?? null);
  scalars.set('prefix hit rate', summary.prefixHitRate);
  scalars.set('preemptions', summary.numPreemptions);
  scalars.set('internal waste', slots?.internal ?? null);
  scalars.set('cached-free', slots?.cachedFree ?? null);
  return scalars;
}
