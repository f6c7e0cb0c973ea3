import { Cursor } from '../recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../recording/events.ts';
import type { Recording } from '../recording/recording.ts';
import type { ConformanceCase, ConformanceStep, V0Case, V0Step } from './conformance-case.ts';
import { isV0 } from './parse-case.ts';
import { replayCase } from './replay-case.ts';
import { replayV0Case } from './replay-v0.ts';
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
export function compareCase(kase: ConformanceCase | V0Case, fast = true): CaseResult {
  if (isV0(kase)) return compareV0Case(kase, fast);
  const recording = replayCase(kase, fast);
  const difference = kase.steps ? compareSteps(kase.steps, recording) : compareTotals(kase, recording);
  return {
    name: kase.case,
    category: kase.category ?? 'totals',
    numSteps: recording.numSteps,
    difference,
  };
}

/** In V0's cases a missing key means empty or zero, and of an engine's death only its step and kind are given. */
function compareV0Case(kase: V0Case, fast: boolean): CaseResult {
  const { steps, end } = replayV0Case(kase, fast);
  return {
    name: kase.case,
    category: kase.category ?? 'v0',
    numSteps: steps.length,
    difference: compareV0Steps(kase.steps, steps) ?? compareEnds(kase, steps.length, end),
  };
}

function compareV0Steps(expected: readonly V0Step[], actual: readonly V0Step[]): Difference | null {
  for (let i = 0; i < expected.length && i < actual.length; i++) {
    const fields = new Set([...Object.keys(expected[i]), ...Object.keys(actual[i])]) as Set<keyof V0Step>;
    for (const field of fields) {
      const values = [expected[i][field], actual[i][field]].map((value) =>
        field === 'error' ? kindOf(value as string) : isNothing(value) ? undefined : value,
      );
      if (!sameJson(values[0], values[1])) {
        return { step: expected[i].step, field, expected: values[0], actual: values[1] };
      }
    }
  }
  return null;
}

function compareEnds(kase: V0Case, numSteps: number, end: string): Difference | null {
  if (numSteps !== kase.steps.length) {
    return { step: -1, field: 'steps', expected: kase.steps.length, actual: numSteps };
  }
  if (kindOf(end) === kindOf(kase.end)) return null;
  return { step: -1, field: 'end', expected: kase.end, actual: end };
}

/** The class of an error, or a word such as drained. */
function kindOf(text: string | undefined): string | undefined {
  return text?.split(':')[0];
}

function isNothing(value: unknown): boolean {
  return value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
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
