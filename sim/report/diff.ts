import { Cursor } from '../recording/cursor.ts';
import { EventKind, KIND_MASK, NO_OWNER } from '../recording/events.ts';
import type { Recording } from '../recording/recording.ts';
import { cachedTokensAt, requestChange } from '../recording/request-changes.ts';
import { count, plural } from '../words.ts';
import { explainAt } from './explain.ts';
import { type Summary, summarize } from './summary.ts';

/** The first decision in which two recordings part. */
export interface FirstDifference {
  readonly step: number;
  /** When the step starts in either of them, integer nanoseconds. */
  readonly startNs: readonly [number, number];
  /** What each of them decides, in a few words. */
  readonly decisions: readonly [string, string];
  /** Why, in sentences about the requests concerned, as `explainStep` gives them. */
  readonly reasons: readonly [readonly string[], readonly string[]];
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
  const flat = ({ vllm, seed, pool, scheduler, v0 }: Recording['header']) => {
    const { groups, ...rest } = pool;
    const kinds = groups.map(
      ({ kind, blockSize, window }) => `${kind}/${blockSize}${window > 0 ? `/${window}` : ''}`,
    );
    return { vllm, seed, ...rest, groups: kinds.join(' + '), ...scheduler, ...v0 } as Record<string, unknown>;
  };
  const [one, other] = [flat(a), flat(b)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((name) => one[name] !== other[name])
    .map((name) => ({ name, values: [one[name], other[name]] as const }));
}

/** A decision as a text; equal texts are equal decisions. */
interface Decision {
  readonly text: string;
  readonly id: string;
}

/** Decisions of one step in their order. `step` may be numSteps: what happens after the last one. */
function decisionsOf(cursor: Cursor, step: number, withBlocks: boolean): Decision[] {
  const { recording } = cursor;
  const { events, steps, requestIds, numSteps, numEvents } = recording;
  const decisions: Decision[] = [];
  const blocks = new Map<string, number[]>();
  const begin = step === 0 ? 0 : steps.eventEnd[step - 1];
  const end = step < numSteps ? steps.eventEnd[step] : numEvents;
  for (let event = begin; event < end; event++) {
    const text = decisionText(recording, event, step);
    if (text !== null) decisions.push({ text, id: requestIds[events.a[event]] });
    const kind = events.kind[event] & KIND_MASK;
    if (withBlocks && (kind === EventKind.Allocate || kind === EventKind.Hit)) {
      const request = events.a[event] === NO_OWNER ? -1 : requestOf(recording, events.a[event]);
      const id = requestIds[request] ?? 'the null block';
      blocks.set(id, [...(blocks.get(id) ?? []), events.b[event]]);
    }
  }
  cursor.seek(step);
  const running = step < numSteps ? cursor.running() : [];
  for (const request of running) {
    const tokens = cursor.numScheduledTokens(request);
    const text = `computes ${count(tokens, 'token')} of ${requestIds[request]} behind ${cursor.numComputedTokens(request)}`;
    decisions.push({ text, id: requestIds[request] });
  }
  for (const [id, ids] of blocks)
    decisions.push({
      text: `gives ${id} the ${plural(ids.length, 'block')} ${ids.join(', ')}`,
      id,
    });
  return decisions;
}

/** What an event decides about a request, in a few words; null if it is no such decision. */
function decisionText(recording: Recording, event: number, step: number): string | null {
  const change = requestChange(recording, event, step);
  if (change === null) return null;
  const id = recording.requestIds[change.request];
  const cached = () => count(cachedTokensAt(recording, event), 'cached token');
  switch (change.kind) {
    case 'arrive':
      return null;
    case 'reject':
      return `rejects ${id}`;
    case 'admit':
      return `admits ${id} with ${cached()}`;
    case 'resume':
      return `resumes ${id} with ${cached()}`;
    case 'preempt':
      return `preempts ${id}`;
    case 'swap-out':
      return `swaps ${id} out`;
    case 'swap-in':
      return `swaps ${id} in`;
    case 'finish':
      return `ends ${id} with ${count(recording.requests.numOutputTokens[change.request], 'output')}`;
    case 'abort':
      return `aborts ${id}`;
  }
}

/** The request that a block event's owner belongs to: V0's owners are sequences. */
function requestOf({ header, requests }: Recording, owner: number): number {
  if (header.v0 === undefined) return owner;
  let request = 0;
  for (let first = 0; ; request++) {
    first += Math.max(1, requests.numSequences[request]);
    if (first > owner) return request;
  }
}

function firstDifference(a: Recording, b: Recording, withBlocks: boolean): FirstDifference | null {
  const cursors = [new Cursor(a), new Cursor(b)] as const;
  for (let step = 0; step <= Math.max(a.numSteps, b.numSteps); step++) {
    const [one, other] = cursors.map((cursor) =>
      step <= cursor.numSteps ? decisionsOf(cursor, step, withBlocks) : [],
    );
    if (one.length === other.length && one.every(({ text }, i) => text === other[i].text)) continue;
    const startNs = [a, b].map(({ steps, numSteps }) => steps.startNs[Math.min(step, numSteps - 1)] ?? 0);
    const [mine, others] = [ownDecision(one, other), ownDecision(other, one)];
    const ids = new Set([mine?.id, others?.id].filter((id) => id !== undefined));
    return {
      step,
      startNs: [startNs[0], startNs[1]],
      decisions: [mine?.text ?? silence(cursors[0], step), others?.text ?? silence(cursors[1], step)],
      reasons: [reasonsFor(cursors[0], step, ids), reasonsFor(cursors[1], step, ids)],
    };
  }
  return null;
}

/** The first decision that the other does not take; if they only differ in order, the first out of place. */
function ownDecision(mine: readonly Decision[], others: readonly Decision[]): Decision | undefined {
  const texts = (decisions: readonly Decision[]) => new Set(decisions.map(({ text }) => text));
  const [own, foreign] = [texts(mine), texts(others)];
  const missing = mine.find(({ text }) => !foreign.has(text));
  if (missing !== undefined || others.some(({ text }) => !own.has(text))) return missing;
  const out = mine.find(({ text }, i) => text !== others[i]?.text);
  return out && { ...out, text: `${out.text}, at another place in the order` };
}

/** What is to be said of a recording that takes no decision of its own in a step. */
function silence({ numSteps, recording }: Cursor, step: number): string {
  if (step >= numSteps && recording.header.crash) return `the engine dies: ${recording.header.crash.error}`;
  if (step > numSteps) return `has ended after ${count(numSteps, 'step')}`;
  return step === numSteps ? 'takes no further step' : 'decides nothing of the kind in this step';
}

function reasonsFor(cursor: Cursor, step: number, ids: ReadonlySet<string>): string[] {
  if (step >= cursor.numSteps) return [];
  cursor.seek(step);
  const { requestIds } = cursor.recording;
  return explainAt(cursor)
    .filter(({ requests }) => requests.some((request) => ids.has(requestIds[request])))
    .map(({ text }) => text);
}

function resultsOf(a: Summary, b: Summary): ResultPair[] {
  const [one, other] = [scalarsOf(a), scalarsOf(b)];
  return [...one].map(([name, value]) => ({ name, values: [value, other.get(name) ?? null] as const }));
}

/** The numbers of a summary under readable names; times in seconds, shares in [0, 1]. */
export function scalarsOf(summary: Summary): Map<string, number | null> {
  const { requests, throughput, kvCacheUse, slots } = summary;
  const scalars = new Map<string, number | null>([
    ['requests finished', requests.finished],
    ['requests aborted', requests.aborted],
    ['requests rejected', requests.rejected],
    ['requests unfinished', requests.unfinished],
    ['steps', summary.numSteps],
    ['simulated seconds', summary.simulatedSeconds],
    ['requests per second', throughput?.requestsPerSecond ?? null],
    ['output tokens per second', throughput?.outputTokensPerSecond ?? null],
    ['tokens per second', throughput?.totalTokensPerSecond ?? null],
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
  scalars.set('slots with tokens', slots?.tokens ?? null);
  scalars.set('slots wasted internally', slots?.internal ?? null);
  scalars.set('slots reserved', slots?.reserved ?? null);
  scalars.set('slots cached-free', slots?.cachedFree ?? null);
  return scalars;
}
