import { Cursor } from '../recording/cursor.ts';
import type { Recording } from '../recording/recording.ts';
import { requestChange } from '../recording/request-changes.ts';
import { explainAt, type Reason } from './explain.ts';
import type { Metric } from './metric.ts';
import { seriesOf } from './series.ts';

/** The place of a run at which a metric is at its worst, and what happens there. */
export interface Why {
  readonly step: number;
  readonly startNs: number;
  /** What is there: "r7 has the most", "the first preemption". */
  readonly what: string;
  /** vLLM's reasons, the nearest first. */
  readonly reasons: readonly string[];
  readonly request: string | null;
}

/** How far a request's way is followed, in steps. */
const MOST_STEPS = 2000;
const MOST_REASONS = 2;

/**
 * Why a metric is as high (or, `low`, as low) as it is: the extreme sample's request where it waits or is preempted,
 * a gauge's extreme step, the first preemption. Needs a recording with events; null if nothing can be said.
 */
export function whyMetric(recording: Recording, metric: Metric, low: boolean, afterNs: number): Why | null {
  if (recording.numSteps === 0 || recording.numEvents === 0) return null;
  if (metric.kind === 'total') return metric.unit === 'times' ? firstPreemption(recording) : null;
  const row = extremeOf(recording, metric, low, afterNs);
  if (row === null) return null;
  if (metric.kind === 'request') return metric.span ? wayOf(recording, row, metric.span, low) : null;
  return at(new Cursor(recording), row, `the step with the ${low ? 'least' : 'most'}`, null);
}

function extremeOf(recording: Recording, metric: Metric, low: boolean, afterNs: number): number | null {
  const { values, rows } = seriesOf(metric, recording, afterNs);
  let extreme = -1;
  values.forEach((value, i) => {
    if (extreme < 0 || (low ? value < values[extreme] : value > values[extreme])) extreme = i;
  });
  return extreme < 0 ? null : rows[extreme];
}

function firstPreemption(recording: Recording): Why | null {
  const found = preemptionOf(recording, null);
  if (found === null) return null;
  return at(new Cursor(recording), found.step, 'the first preemption', found.request);
}

/** The first preemption (swaps are some too) of a request, or of anybody. */
function preemptionOf(recording: Recording, wanted: number | null): { step: number; request: number } | null {
  const { steps, numSteps } = recording;
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change === null || (change.kind !== 'preempt' && change.kind !== 'swap-out')) continue;
      if (wanted === null || change.request === wanted) return { step, request: change.request };
    }
  }
  return null;
}

/** Where a request is preempted, or the last step of its wait in the queue for which there is a reason. */
function wayOf(
  recording: Recording,
  request: number,
  span: 'first-token' | 'decode' | 'whole',
  low: boolean,
): Why | null {
  const { steps, requests, numSteps } = recording;
  const what = `${recording.requestIds[request]} has the ${low ? 'least' : 'most'}`;
  const cursor = new Cursor(recording);
  const preempted = preemptionOf(recording, request);
  if (
    preempted &&
    (span !== 'first-token' || !(steps.startNs[preempted.step] >= requests.firstTokenNs[request]))
  )
    return at(cursor, preempted.step, `${what}; its first preemption`, request);
  if (span === 'decode') return null;
  let first = 0;
  while (first < numSteps - 1 && steps.endNs[first] <= requests.arrivalNs[request]) first++;
  let admitted = first;
  while (admitted < numSteps - 1 && steps.startNs[admitted] < requests.firstScheduledNs[request]) admitted++;
  for (let step = admitted; step >= Math.max(first, admitted - MOST_STEPS); step--) {
    cursor.seek(step);
    const waits = explainAt(cursor).some((reason) => concerns(reason, request) && reason.kind === 'waits');
    if (waits) return at(cursor, step, `${what}; it waits`, request);
  }
  return at(cursor, admitted, what, request);
}

function at(cursor: Cursor, step: number, what: string, request: number | null): Why {
  const { recording } = cursor;
  cursor.seek(step);
  const reasons = explainAt(cursor);
  const own = reasons.filter((reason) => request !== null && concerns(reason, request));
  const shown = own.length > 0 ? own : request === null ? reasons.filter(isPressure) : [];
  return {
    step,
    startNs: recording.steps.startNs[step],
    what,
    reasons: shown.slice(0, MOST_REASONS).map(({ text }) => text),
    request: request === null ? null : recording.requestIds[request],
  };
}

function concerns({ requests }: Reason, request: number): boolean {
  return requests.includes(request);
}

/** Of all that a step decides, what tells of a full pool. */
export function isPressure({ kind }: Reason): boolean {
  return kind !== 'other';
}
