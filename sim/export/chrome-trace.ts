import type { Recording } from '../recording/recording.ts';
import { STEP_METRICS } from '../report/step-metrics.ts';
import { isIdleAfter, pausesOf, phasesOf } from './phases.ts';

/* Chrome's Trace Event Format, as Perfetto and chrome://tracing open it. Times are microseconds. */

const REQUESTS = 1;
const ENGINE = 2;
const STEPS_TRACK = 1;

type TraceEvent = Readonly<Record<string, unknown>>;

/** Requests with their phases, a thread each; the engine's steps; counters. A line per event. */
export function* exportChromeTrace(recording: Recording): Generator<string> {
  yield '{"displayTimeUnit":"ms","traceEvents":[';
  let separator = '\n';
  for (const event of traceEvents(recording)) {
    yield separator + JSON.stringify(event);
    separator = ',\n';
  }
  yield '\n]}\n';
}

function* traceEvents(recording: Recording): Generator<TraceEvent> {
  yield metadata('process_name', REQUESTS, { name: 'requests' });
  yield metadata('process_name', ENGINE, { name: 'engine' });
  yield { ...metadata('thread_name', ENGINE, { name: 'steps' }), tid: STEPS_TRACK };
  yield* requestEvents(recording);
  yield* stepEvents(recording);
}

function* requestEvents(recording: Recording): Generator<TraceEvent> {
  const { requestIds, requests } = recording;
  const pauses = pausesOf(recording);
  for (let i = 0; i < requestIds.length; i++) {
    const track = { pid: REQUESTS, tid: i + 1 };
    yield { ...metadata('thread_name', REQUESTS, { name: requestIds[i] }), ...track };
    yield { ...metadata('thread_sort_index', REQUESTS, { sort_index: i }), ...track };
    const args = { prompt_tokens: requests.numPromptTokens[i], output_tokens: requests.numOutputTokens[i] };
    for (const { name, startNs, endNs } of phasesOf(recording, i, pauses)) {
      yield { name, cat: 'request', ph: 'X', ...track, ts: us(startNs), dur: us(endNs - startNs), args };
    }
    // Of their own: a request that is aborted at once has no phase after its preemption.
    for (const { startNs } of pauses.get(i) ?? []) {
      yield { name: 'preemption', cat: 'request', ph: 'i', s: 't', ...track, ts: us(startNs) };
    }
  }
}

function* stepEvents(recording: Recording): Generator<TraceEvent> {
  const { steps, numSteps } = recording;
  const kvCacheUse = STEP_METRICS.find(({ name }) => name === 'vllm:kv_cache_usage_perc');
  const readUse = kvCacheUse?.kind === 'gauge' ? kvCacheUse.read(recording) : null;
  const counters: readonly (readonly [name: string, read: ((step: number) => number) | null])[] = [
    ['KV cache use', readUse],
    ['running', (step) => steps.numRunning[step]],
    ['waiting', (step) => steps.numWaiting[step]],
  ];
  const last = new Map<string, number>();
  // A counter holds until its next event: what stays the same needs none.
  function* count(ns: number, step: number | null): Generator<TraceEvent> {
    for (const [name, read] of counters) {
      if (read === null) continue;
      const value = step === null ? 0 : read(step);
      if (last.get(name) === value) continue;
      last.set(name, value);
      yield { name, ph: 'C', pid: ENGINE, ts: us(ns), args: { value } };
    }
  }
  for (let step = 0; step < numSteps; step++) {
    const startNs = steps.startNs[step];
    const endNs = steps.endNs[step];
    yield {
      name: `step ${step}`,
      cat: 'step',
      ph: 'X',
      pid: ENGINE,
      tid: STEPS_TRACK,
      ts: us(startNs),
      dur: us(endNs - startNs),
      args: { requests: steps.numScheduledRequests[step], tokens: steps.numScheduledTokens[step] },
    };
    yield* count(startNs, step);
    if (isIdleAfter(recording, step)) yield* count(endNs, null);
  }
}

function metadata(name: string, pid: number, args: TraceEvent): TraceEvent {
  return { name, ph: 'M', pid, args };
}

function us(ns: number): number {
  return ns / 1e3;
}
