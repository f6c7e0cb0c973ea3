import type { Scenario } from '../scenario/scenario.ts';
import type { Summary } from './summary.ts';

const SECONDS_PER_HOUR = 3600;
const MILLION = 1e6;

/** In the currency of `hardware.price-per-gpu-hour`. */
export interface Cost {
  /** Of all GPUs that are rented, used or not. */
  readonly perHour: number;
  readonly perMillionOutputTokens: number;
  /** Prompt and output alike. */
  readonly perMillionTokens: number;
}

/** What tokens cost at the throughput of the run; null without a price, or if nothing was produced. */
export function costOf(
  { hardware: { count, pricePerGpuHour }, replicas }: Pick<Scenario, 'hardware' | 'replicas'>,
  summary: Summary,
): Cost | null {
  const { throughput } = summary;
  if (pricePerGpuHour === null || throughput === null || throughput.outputTokensPerSecond === 0) return null;
  const perHour = pricePerGpuHour * count * (replicas?.count ?? 1);
  const perMillion = (tokensPerSecond: number) => ((perHour / SECONDS_PER_HOUR) * MILLION) / tokensPerSecond;
  return {
    perHour,
    perMillionOutputTokens: perMillion(throughput.outputTokensPerSecond),
    perMillionTokens: perMillion(throughput.totalTokensPerSecond),
  };
}
