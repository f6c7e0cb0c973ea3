import type { LengthSpec } from '../scenario/workload-spec.ts';
import type { RandomStream } from './random.ts';

/** A number of tokens of a distribution, at least 1. */
export function drawLength(spec: LengthSpec, stream: RandomStream): number {
  switch (spec.kind) {
    case 'fixed':
      return spec.tokens;
    case 'uniform':
      return stream.integer(spec.min, spec.max);
    case 'lognormal':
      return Math.max(1, Math.min(spec.max, Math.round(stream.lognormal(spec.median, spec.sigma))));
    case 'quantiles':
      return Math.round(quantileAt(spec, stream.uniform()));
  }
}

/** Between two given quantiles on the straight line. */
function quantileAt({ shares, tokens }: Extract<LengthSpec, { kind: 'quantiles' }>, share: number): number {
  let above = 1;
  while (above < shares.length - 1 && shares[above] < share) above++;
  const part = (share - shares[above - 1]) / (shares[above] - shares[above - 1]);
  return tokens[above - 1] + (tokens[above] - tokens[above - 1]) * part;
}
