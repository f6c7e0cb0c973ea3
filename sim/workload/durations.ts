import { type DurationSpec, MAX_DURATION_NS } from '../scenario/workload-spec.ts';
import type { RandomStream } from './random.ts';

/** Integer nanoseconds of a distribution. */
export function drawDuration(spec: DurationSpec, stream: RandomStream): number {
  switch (spec.kind) {
    case 'fixed':
      return spec.ns;
    case 'uniform':
      return Math.round(spec.minNs + stream.uniform() * (spec.maxNs - spec.minNs));
    case 'exponential':
      return Math.min(MAX_DURATION_NS, Math.round(stream.exponential(spec.meanNs)));
    case 'lognormal':
      return Math.min(spec.maxNs, Math.round(stream.lognormal(spec.medianNs, spec.sigma)));
  }
}
