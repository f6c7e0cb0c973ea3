import { InputError } from '../error.ts';
import { NS_PER_S } from '../units.ts';
import { TokenHistogram } from './token-histogram.ts';
import type { Trace, TraceFormat } from './trace.ts';

/** What a trace holds. Times in seconds; null where the trace does not say. */
export interface TraceStatistics {
  readonly format: TraceFormat;
  readonly requests: number;
  readonly arrivals: {
    /** From the first to the last. */
    readonly seconds: number;
    /** Intervals by seconds. */
    readonly perSecond: number;
    /** Coefficient of variation of the intervals: 1 = Poisson, above it in bursts; null where there is none. */
    readonly variation: number | null;
    /** The shape of the gamma distribution with that variation, `vllm bench serve`'s burstiness: 1 / variation². */
    readonly burstiness: number | null;
  } | null;
  readonly promptTokens: LengthStatistics;
  readonly outputTokens: LengthStatistics;
  /** Correlation of prompt and output lengths; null where one of them is always the same. */
  readonly correlation: number | null;
  readonly prefixes: {
    readonly blockTokens: number;
    /** Different blocks. */
    readonly blocks: number;
    /** Of all prompt tokens, those that a cache without bounds would hold when the request comes. */
    readonly sharedTokens: number;
  } | null;
  readonly notes: readonly string[];
}

export interface LengthStatistics {
  readonly total: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The same, and the lengths themselves. */
export interface TraceSummary {
  readonly statistics: TraceStatistics;
  readonly promptTokens: TokenHistogram;
  readonly outputTokens: TokenHistogram;
}

/**
 * Reads a trace to its end. Kept are a time per request, the different lengths and the different hash ids.
 * @throws InputError as the trace does, and where it holds no requests.
 */
export function summarizeTrace(trace: Trace, file: string, limit: number | null = null): TraceSummary {
  const promptTokens = new TokenHistogram();
  const outputTokens = new TokenHistogram();
  const correlation = new Correlation();
  const times: number[] = [];
  const known = new Set<number>();
  let sharedTokens = 0;
  let hasIds = false;
  for (const row of trace.rows) {
    promptTokens.add(row.promptTokens);
    outputTokens.add(row.outputTokens);
    correlation.add(row.promptTokens, row.outputTokens);
    times.push(row.timeNs);
    if (row.hashIds !== undefined && row.hashIds.length > 0) {
      hasIds = true;
      const missing = row.hashIds.findIndex((id) => !known.has(id));
      const numShared = missing < 0 ? row.hashIds.length : missing;
      sharedTokens += Math.min(row.promptTokens, numShared * trace.blockTokens);
      for (const id of row.hashIds) known.add(id);
    }
    if (times.length === limit) break;
  }
  if (times.length === 0) throw new InputError([{ file, message: 'holds no requests' }]);
  const { blockTokens } = trace;
  return {
    promptTokens,
    outputTokens,
    statistics: {
      format: trace.format,
      requests: times.length,
      arrivals: trace.isTimed ? arrivalsOf(times) : null,
      promptTokens: lengthsOf(promptTokens),
      outputTokens: lengthsOf(outputTokens),
      correlation: correlation.value,
      prefixes: hasIds ? { blockTokens, blocks: known.size, sharedTokens } : null,
      notes: trace.notes(),
    },
  };
}

function arrivalsOf(times: readonly number[]): TraceStatistics['arrivals'] {
  const sorted = Float64Array.from(times).sort();
  const numIntervals = sorted.length - 1;
  const ns = sorted[numIntervals] - sorted[0];
  if (!(ns > 0)) return null;
  const mean = ns / numIntervals;
  let squares = 0;
  for (let i = 1; i < sorted.length; i++) {
    const off = sorted[i] - sorted[i - 1] - mean;
    squares += off * off;
  }
  const variation = numIntervals < 2 ? null : Math.sqrt(squares / numIntervals) / mean;
  return {
    seconds: ns / NS_PER_S,
    perSecond: numIntervals / (ns / NS_PER_S),
    variation,
    burstiness: variation ? 1 / (variation * variation) : null,
  };
}

function lengthsOf(histogram: TokenHistogram): LengthStatistics {
  const samples = histogram.samples();
  return {
    total: samples.sum,
    mean: samples.mean,
    min: samples.percentile(0),
    p50: samples.percentile(50),
    p90: samples.percentile(90),
    p99: samples.percentile(99),
    max: samples.percentile(100),
  };
}

/** Pearson's, as pairs come. */
class Correlation {
  private n = 0;
  private meanX = 0;
  private meanY = 0;
  private squaresX = 0;
  private squaresY = 0;
  private products = 0;

  add(x: number, y: number): void {
    this.n++;
    const offX = x - this.meanX;
    const offY = y - this.meanY;
    this.meanX += offX / this.n;
    this.meanY += offY / this.n;
    this.squaresX += offX * (x - this.meanX);
    this.squaresY += offY * (y - this.meanY);
    this.products += offX * (y - this.meanY);
  }

  get value(): number | null {
    const scale = Math.sqrt(this.squaresX * this.squaresY);
    return scale > 0 ? this.products / scale : null;
  }
}
