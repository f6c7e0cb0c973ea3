import { ln } from '../math/portable.ts';
import type { TokenHistogram } from './token-histogram.ts';
import type { TraceSummary } from './trace-statistics.ts';

export const LENGTH_FITS = ['quantiles', 'lognormal'] as const;
export type LengthFit = (typeof LENGTH_FITS)[number];

/** Percentiles that a fit keeps: more of them where the tail is. */
const PERCENTS = [0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9, 100];
/** What the key `burstiness` takes. */
const MIN_BURSTINESS = 0.001;
const MAX_BURSTINESS = 1e6;
const MAX_SIGMA = 5;

/** A `workload:` block in the names of a scenario file. */
export interface FittedWorkload {
  readonly 'num-prompts': number;
  readonly 'request-rate': number | 'inf';
  readonly burstiness?: number;
  readonly 'input-len': FittedLength;
  readonly 'output-len': FittedLength;
}

export type FittedLength =
  | number
  | { readonly quantiles: Readonly<Record<string, number>> }
  | { readonly lognormal: { readonly median: number; readonly sigma: number; readonly max: number } };

/** A synthetic workload like the trace: its rate and burstiness, its lengths; without its order and its prefixes. */
export function fitTrace({ statistics, ...lengths }: TraceSummary, fit: LengthFit): FittedWorkload {
  const { arrivals, requests } = statistics;
  const burstiness = arrivals?.burstiness ?? null;
  return {
    'num-prompts': requests,
    'request-rate': arrivals === null ? 'inf' : digits(arrivals.perSecond),
    ...(burstiness !== null && {
      burstiness: Math.min(MAX_BURSTINESS, Math.max(MIN_BURSTINESS, digits(burstiness))),
    }),
    'input-len': lengthOf(lengths.promptTokens, fit),
    'output-len': lengthOf(lengths.outputTokens, fit),
  };
}

function lengthOf(histogram: TokenHistogram, fit: LengthFit): FittedLength {
  const [[tokens], ...others] = histogram.entries();
  if (others.length === 0) return tokens;
  return fit === 'quantiles' ? { quantiles: quantilesOf(histogram) } : { lognormal: lognormalOf(histogram) };
}

function quantilesOf(histogram: TokenHistogram): Record<string, number> {
  const samples = histogram.samples();
  return Object.fromEntries(PERCENTS.map((p) => [`p${p}`, Math.round(samples.percentile(p))]));
}

/** Median and spread of the logarithms. */
function lognormalOf(histogram: TokenHistogram) {
  const samples = histogram.samples();
  let sum = 0;
  let squares = 0;
  for (const [tokens, count] of histogram.entries()) {
    const log = ln(tokens);
    sum += log * count;
    squares += log * log * count;
  }
  const mean = sum / samples.count;
  const sigma = Math.sqrt(Math.max(0, squares / samples.count - mean * mean));
  return {
    median: Math.round(samples.percentile(50)),
    sigma: Math.min(MAX_SIGMA, digits(sigma)),
    max: samples.percentile(100),
  };
}

function digits(value: number): number {
  return Number(value.toPrecision(4));
}
