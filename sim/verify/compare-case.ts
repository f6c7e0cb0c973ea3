import { Cursor } from '../recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, type Recording } from '../recording/recording.ts';
import type { ConformanceCase, ConformanceStep } from './conformance-case.ts';
import { replayCase } from './replay-case.ts';
import { sameJson } from './same-json.ts';

/** The first place where Poolscope and the recorded system part. */
export interface Difference {
  /** -1: in the totals. */
  readonly step: number;
  readonly field: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface CaseResult {
  readonly name: string;
  readonly category: string;
  readonly numSteps: number;
  /** null: exact in every recorded field. */
  readonly difference: Difference | null;
}

/**
 * Replays a recorded case and compares every field of every step. The steps are read back from the
 * recording through the cursor, so a case that is exact also shows that the recording holds every decision.
 */
export function compareCase(kase: ConformanceCase, fast = true): CaseResult {
  const recording = replayCase(kase, fast);
  const difference = kase.steps ? compareSteps(kase.steps, recording) : compareTotals(kase, recording);
  return {
    name: kase.case,
    category: kase.category ?? 'totals',
    numSteps: recording.numSteps,
    difference,
  };
}

const FIELDS = [
  'scheduled',
  'computed',
  'new_blocks',
  'cached',
  'preempted',
  'finished',
  'aborted',
  'running',
  'waiting',
  'free_blocks',
  'free_blocks_after',
] as const satisfies readonly (keyof ConformanceStep)[];

function compareSteps(steps: readonly ConformanceStep[], recording: Recording): Difference | null {
  const cursor = new Cursor(recording);
  for (const expected of steps) {
    const actual = stepOf(cursor, expected.step);
    for (const field of FIELDS) {
      if (!sameJson(expected[field], actual[field])) {
        return { step: expected.step, field, expected: expected[field], actual: actual[field] };
      }
    }
  }
  return null;
}

function compareTotals(kase: ConformanceCase, recording: Recording): Difference | null {
  const { steps, events } = recording;
  const actual = {
    steps: recording.numSteps,
    slots: sum(steps.numScheduledRequests),
    scheduled_tokens: sum(steps.numScheduledTokens),
    preemptions: events.kind.reduce(
      (count, kind) => count + ((kind & KIND_MASK) === EventKind.Preempt ? 1 : 0),
      0,
    ),
  };
  for (const [field, expected] of Object.entries(kase.expect ?? {})) {
    const value = actual[field as keyof typeof actual];
    if (value !== expected) return { step: -1, field, expected, actual: value };
  }
  return null;
}

/** A step of a recording in the words of the conformance format. */
function stepOf(cursor: Cursor, step: number): ConformanceStep {
  const { recording } = cursor;
  const { events, steps, requestIds, header } = recording;
  cursor.seek(step);
  const scheduled: [string, number][] = [];
  const computed: Record<string, number> = {};
  const inBatch = new Set<number>();
  for (const request of cursor.running()) {
    const n = cursor.numScheduledTokens(request);
    if (n === 0) continue;
    inBatch.add(request);
    scheduled.push([requestIds[request], n]);
    computed[requestIds[request]] = cursor.numComputedTokens(request);
  }
  const running = [...cursor.running()].map((request) => requestIds[request]);
  const waiting = [...cursor.waiting()].map((request) => requestIds[request]);
  const freeBlocks = cursor.numFree;

  const { groups } = header.pool;
  const newBlocks: Record<string, number[][]> = {};
  const cached: Record<string, number> = {};
  const preempted: string[] = [];
  const aborted: string[] = [];
  const begin = step === 0 ? 0 : steps.eventEnd[step - 1];
  for (let event = begin; event < steps.scheduleEnd[step]; event++) {
    const request = events.a[event];
    const id = requestIds[request];
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Admit:
        if (inBatch.has(request)) cached[id] = events.b[event] / groups[0].blockSize;
        break;
      case EventKind.Allocate:
      case EventKind.Hit:
      case EventKind.Null:
        if (!inBatch.has(request)) break;
        newBlocks[id] ??= groups.map(() => []);
        newBlocks[id][events.kind[event] >> DETAIL_SHIFT].push(events.b[event]);
        break;
      case EventKind.Preempt:
        preempted.push(id);
        break;
      case EventKind.Abort:
        aborted.push(id);
        break;
    }
  }
  const finished: string[] = [];
  for (let event = steps.scheduleEnd[step]; event < steps.eventEnd[step]; event++) {
    if ((events.kind[event] & KIND_MASK) === EventKind.Finish) finished.push(requestIds[events.a[event]]);
  }
  cursor.applyOutputs();
  return {
    step,
    scheduled,
    computed,
    new_blocks: newBlocks,
    cached,
    preempted,
    finished,
    aborted,
    running,
    waiting,
    free_blocks: freeBlocks,
    free_blocks_after: cursor.numFree,
  };
}

function sum(column: Uint32Array): number {
  let total = 0;
  for (const value of column) total += value;
  return total;
}
