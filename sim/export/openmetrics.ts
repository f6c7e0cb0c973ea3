import { InputError } from '../error.ts';
import type { Recording } from '../recording/recording.ts';
import type { Metric } from '../report/metric.ts';
import { METRICS } from '../report/metrics.ts';
import { secondsText } from '../units.ts';
import { COUNTERS } from './counters.ts';
import { boundsOf, Histogram, observationsOf } from './histograms.ts';
import { isIdleAfter } from './phases.ts';

/* OpenMetrics 1.0 with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it. */

/** Samples of a series unless the user wants others. */
const MAX_SAMPLES = 10_000;
/** The same of a histogram, which has a score of series. */
const MAX_HISTOGRAM_SAMPLES = 500;
/** Nobody means more: of each series, half a gigabyte. */
const MOST_SAMPLES = 10_000_000;
/** Prometheus keeps milliseconds, and refuses two samples of one. */
export const LEAST_EVERY_NS = 1e6;

export interface OpenMetricsOptions {
  /** Simulated time between samples. */
  readonly everyNs?: number;
}

/** Gauges, counters and histograms as somebody who scrapes all the while would see them. */
export function* exportOpenMetrics(
  recording: Recording,
  { everyNs }: OpenMetricsOptions = {},
): Generator<string> {
  const label = `model_name="${escapeLabel(recording.header.about.model ?? recording.header.name)}"`;
  const gridFor = (most: number) => gridOf(recording, everyNs ?? defaultEveryNs(recording, most));
  const grid = gridFor(MAX_SAMPLES);
  const coarse = gridFor(MAX_HISTOGRAM_SAMPLES);
  for (const metric of METRICS) {
    const bounds = boundsOf(metric, recording);
    if (bounds !== null) yield* histogram(recording, metric, bounds, label, coarse);
    else if (metric.kind === 'gauge') yield* gauge(recording, metric, `{${label}}`, grid);
    else if (metric.kind === 'total') yield* counter(recording, metric, `{${label}}`, grid);
  }
  yield '# EOF\n';
}

interface Grid {
  readonly everyNs: number;
  readonly numSamples: number;
}

/** From 0 to the first sample at or after the end of the last step, so that counters reach their totals. */
function gridOf(recording: Recording, everyNs: number): Grid {
  const numSamples = Math.ceil(runEndNs(recording) / everyNs) + 1;
  if (numSamples > MOST_SAMPLES) {
    throw new InputError([
      { file: '--every', message: `is too short: ${numSamples} samples of each series` },
    ]);
  }
  return { everyNs, numSamples };
}

function runEndNs({ requests, steps, numSteps }: Recording): number {
  let endNs = numSteps > 0 ? steps.endNs[numSteps - 1] : 0;
  for (const ns of requests.endNs) if (ns > endNs) endNs = ns;
  return endNs;
}

function defaultEveryNs(recording: Recording, mostSamples: number): number {
  const least = runEndNs(recording) / (mostSamples - 1);
  return Math.max(1, Math.ceil(least / LEAST_EVERY_NS)) * LEAST_EVERY_NS;
}

function* gauge(
  recording: Recording,
  metric: Extract<Metric, { kind: 'gauge' }>,
  labels: string,
  { everyNs, numSamples }: Grid,
): Generator<string> {
  const { steps, numSteps } = recording;
  const read = metric.read(recording);
  if (read === null) return;
  yield head(metric.name, 'gauge', metric.about);
  let step = -1;
  for (let n = 0; n < numSamples; n++) {
    const ns = n * everyNs;
    while (step + 1 < numSteps && steps.startNs[step + 1] <= ns) step++;
    const isIdle = step < 0 || (ns >= steps.endNs[step] && isIdleAfter(recording, step));
    // Requests hold nothing then; but what the cache knows of the free blocks, no step has counted.
    if (isIdle && metric.name === 'poolscope:cached_free_share') continue;
    yield sample(metric.name, labels, isIdle ? 0 : read(step), ns);
  }
}

function* counter(
  recording: Recording,
  metric: Extract<Metric, { kind: 'total' }>,
  labels: string,
  { everyNs, numSamples }: Grid,
): Generator<string> {
  // What each sample has more than the one before it.
  const growth = new Float64Array(numSamples);
  const isKnown = COUNTERS[metric.name]?.(recording, (ns, amount) => {
    if (!Number.isNaN(ns)) growth[Math.min(numSamples - 1, Math.ceil(ns / everyNs))] += amount;
  });
  if (!isKnown) return;
  yield head(metric.name.replace(/_total$/, ''), 'counter', metric.about);
  let total = 0;
  for (let n = 0; n < numSamples; n++) {
    total += growth[n];
    yield sample(metric.name, labels, total, n * everyNs);
  }
}

function* histogram(
  recording: Recording,
  metric: Metric,
  bounds: readonly number[],
  label: string,
  { everyNs, numSamples }: Grid,
): Generator<string> {
  // Without events nobody knows of single tokens.
  if (metric.needsEvents && recording.numEvents === 0) return;
  const { name } = metric;
  const observations = observationsOf(metric, recording);
  const seen = new Histogram(bounds);
  const bucketLabels = [...bounds.map(boundText), '+Inf'].map((le) => `{${label},le="${le}"}`);
  yield head(name, 'histogram', metric.about);
  let next = 0;
  for (let n = 0; n < numSamples; n++) {
    const ns = n * everyNs;
    for (; next < observations.length && observations[next].ns <= ns; next++) seen.add(observations[next]);
    for (const [i, labels] of bucketLabels.entries()) {
      yield sample(`${name}_bucket`, labels, seen.cumulative[i], ns);
    }
    yield sample(`${name}_count`, `{${label}}`, seen.count, ns);
    yield sample(`${name}_sum`, `{${label}}`, seen.sum, ns);
  }
}

/** As OpenMetrics wants bounds: whole ones with a point. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function head(family: string, type: 'gauge' | 'counter' | 'histogram', help: string): string {
  return `# TYPE ${family} ${type}\n# HELP ${family} ${escapeLabel(help)}\n`;
}

function sample(name: string, labels: string, value: number, ns: number): string {
  return `${name}${labels} ${value} ${secondsText(ns)}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
