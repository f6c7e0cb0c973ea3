import { CountedSamples } from '../math/counted-samples.ts';
import type { Recording } from '../recording/recording.ts';
import { NS_PER_S } from '../units.ts';
import type { Metric } from './metric.ts';
import { percentile } from './statistics.ts';
import { type Summary, summarize } from './summary.ts';

/** What is asked of a metric: `p` with a percentage, the others without. */
export interface Aggregate {
  readonly name: 'mean' | 'min' | 'max' | 'p' | 'count' | 'value';
  readonly p: number;
}

/** The values of a metric, each with its weight and the request or step that it belongs to. */
export interface Series {
  readonly values: Float64Array;
  /** null: all weigh the same. Of a gauge, time; of tokens, how many took so long. */
  readonly weights: Float64Array | null;
  readonly rows: readonly number[];
}

/** The samples or the gauge of requests that arrive, or steps that start, at `afterNs` or later. */
export function seriesOf(metric: Metric, recording: Recording, afterNs = 0): Series {
  const { steps, requests, numSteps } = recording;
  const values: number[] = [];
  const weights: number[] = [];
  const rows: number[] = [];
  const add = (row: number, value: number, weight: number) => {
    if (Number.isNaN(value)) return;
    values.push(value);
    weights.push(weight);
    rows.push(row);
  };
  if (metric.kind === 'request') {
    for (let i = 0; i < requests.outcome.length; i++) {
      if (requests.arrivalNs[i] >= afterNs) add(i, metric.read(requests, i), 1);
    }
  } else if (metric.kind === 'token') {
    const { ns, counts, steps: rowOf } = metric.read(recording);
    ns.forEach((each, i) => {
      if (steps.startNs[rowOf[i]] >= afterNs) add(rowOf[i], each / NS_PER_S, counts[i]);
    });
  } else if (metric.kind !== 'total') {
    const { kind } = metric;
    const read = kind === 'gauge' ? metric.read(recording) : (step: number) => metric.read(recording, step);
    for (let step = 0; read !== null && step < numSteps; step++) {
      if (steps.startNs[step] >= afterNs) add(step, read(step), steps.endNs[step] - steps.startNs[step]);
    }
  }
  return {
    values: Float64Array.from(values),
    weights: metric.kind === 'gauge' || metric.kind === 'token' ? Float64Array.from(weights) : null,
    rows,
  };
}

/** The value of an aggregate of a metric; null where there are no samples. */
export function measure(
  metric: Metric,
  aggregate: Aggregate,
  recording: Recording,
  afterNs = 0,
  summary: Summary = summarize(recording),
): number | null {
  if (metric.kind === 'total') return metric.read(summary, recording);
  const series = seriesOf(metric, recording, afterNs);
  return metric.kind === 'token' ? countedAggregateOf(series, aggregate) : aggregateOf(series, aggregate);
}

/** The value of an aggregate of a series, each value by its weight; null where there are no samples. */
export function aggregateOf({ values, weights }: Series, { name, p }: Aggregate): number | null {
  if (values.length === 0) return null;
  switch (name) {
    case 'count':
      return values.length;
    case 'min':
      return values.reduce((least, value) => Math.min(least, value));
    case 'max':
      return values.reduce((most, value) => Math.max(most, value));
    case 'mean':
      return weights === null ? total(values) / values.length : weightedMean(values, weights);
    case 'p':
      return weights === null
        ? percentile(values.toSorted(), p)
        : weightedPercentile(values, weights, (p / 100) * total(weights));
    case 'value':
      return null;
  }
}

/** Where each value stands for as many samples as it weighs. */
function countedAggregateOf(series: Series, aggregate: Aggregate): number | null {
  if (series.values.length === 0 || (aggregate.name !== 'count' && aggregate.name !== 'p')) {
    return aggregateOf(series, aggregate);
  }
  const samples = new CountedSamples([...series.values], [...(series.weights ?? [])]);
  return aggregate.name === 'count' ? samples.count : samples.percentile(aggregate.p);
}

function weightedMean(values: Float64Array, weights: Float64Array): number | null {
  const all = total(weights);
  return all > 0 ? total(values.map((value, i) => value * weights[i])) / all : null;
}

/** The least value at or below which the metric is for that much weight. */
function weightedPercentile(values: Float64Array, weights: Float64Array, wanted: number): number {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  let reached = 0;
  for (const i of order) {
    reached += weights[i];
    if (reached >= wanted) return values[i];
  }
  return values[order[order.length - 1]];
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
