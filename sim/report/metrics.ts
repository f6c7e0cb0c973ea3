import type { Metric } from './metric.ts';
import { REQUEST_METRICS } from './request-metrics.ts';
import { STEP_METRICS } from './step-metrics.ts';
import { TOTAL_METRICS } from './total-metrics.ts';

/** vLLM's Prometheus names where the meaning is the same; everything else is Poolscope's own. */
export const METRICS: readonly Metric[] = [...REQUEST_METRICS, ...STEP_METRICS, ...TOTAL_METRICS];

const BY_NAME = new Map(METRICS.flatMap((m) => [m.name, ...(m.aliases ?? [])].map((name) => [name, m])));

/** All names, aliases included. */
export const METRIC_NAMES: readonly string[] = [...BY_NAME.keys()];

/** By its name or one of its aliases; null if there is none. */
export function findMetric(name: string): Metric | null {
  return BY_NAME.get(name) ?? null;
}
