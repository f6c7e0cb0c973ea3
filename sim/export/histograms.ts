import type { Recording } from '../recording/recording.ts';
import { Outcome } from '../recording/tables.ts';
import { lengthBuckets } from '../report/buckets.ts';
import type { Metric } from '../report/metric.ts';
import { NS_PER_S } from '../units.ts';

/** What a histogram was told, in the order of time. */
export interface Observation {
  readonly ns: number;
  readonly value: number;
  readonly count: number;
}

/** A histogram as vLLM has it: cumulative counts of its buckets, and sum and count of what it was told. */
export class Histogram {
  readonly bounds: readonly number[];
  /** For each bound and, last, for +Inf: observations at or below it. */
  readonly cumulative: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.cumulative = new Float64Array(bounds.length + 1);
  }

  get count(): number {
    return this.cumulative[this.bounds.length];
  }

  add({ value, count }: Observation): void {
    this.sum += value * count;
    for (let i = this.bounds.length; i >= 0 && (i === this.bounds.length || value <= this.bounds[i]); i--) {
      this.cumulative[i] += count;
    }
  }
}

/** The upper bounds of a metric's histogram; null if vLLM has none. */
export function boundsOf({ buckets }: Metric, { header }: Recording): readonly number[] | null {
  return buckets === 'lengths' ? lengthBuckets(header.scheduler.maxModelLen) : (buckets ?? null);
}

/**
 * When vLLM would tell its histogram of a metric, and what: of tokens and steps at the end of a step, of first tokens
 * when they come, of everything else when a request has finished.
 */
export function observationsOf(metric: Metric, recording: Recording): Observation[] {
  const { requests, steps, numSteps } = recording;
  const found: Observation[] = [];
  if (metric.kind === 'request') {
    const atFirstToken = metric.name === 'vllm:time_to_first_token_seconds';
    for (let i = 0; i < requests.outcome.length; i++) {
      if (!atFirstToken && requests.outcome[i] !== Outcome.Finished) continue;
      const value = metric.read(requests, i);
      const ns = atFirstToken ? requests.firstTokenNs[i] : requests.endNs[i];
      if (!Number.isNaN(value)) found.push({ ns, value, count: 1 });
    }
  } else if (metric.kind === 'step') {
    for (let step = 0; step < numSteps; step++) {
      found.push({ ns: steps.endNs[step], value: metric.read(recording, step), count: 1 });
    }
  } else if (metric.kind === 'token') {
    const { ns, counts, steps: stepOf } = metric.read(recording);
    ns.forEach((each, i) => {
      found.push({ ns: steps.endNs[stepOf[i]], value: each / NS_PER_S, count: counts[i] });
    });
  }
  return found.sort((a, b) => a.ns - b.ns);
}
