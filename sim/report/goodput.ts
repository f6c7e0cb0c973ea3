import type { Recording } from '../recording/recording.ts';
import { Outcome } from '../recording/tables.ts';
import { NS_PER_S } from '../units.ts';
import { endToEnd, timePerOutputToken, timeToFirstToken } from './latency.ts';

/** How many requests kept the objectives of the scenario. */
export interface Goodput {
  readonly requests: number;
  /** By the time that throughput counts by. */
  readonly requestsPerSecond: number;
  /** Of the finished requests; null if there are none. */
  readonly share: number | null;
}

/**
 * vLLM's request_goodput (`calculate_metrics` of vllm/benchmarks/serve.py): finished requests of which no latency is
 * above its objective. A request with one output has a TPOT of 0.
 * @param seconds from the first step to the end of the last
 */
export function goodputOf({ header, requests }: Recording, seconds: number): Goodput | null {
  const slos = header.goodput;
  if (slos === undefined || seconds <= 0) return null;
  const { ttft = Infinity, tpot = Infinity, e2el = Infinity } = slos;
  let good = 0;
  let finished = 0;
  for (let i = 0; i < requests.outcome.length; i++) {
    if (requests.outcome[i] !== Outcome.Finished) continue;
    finished++;
    const perToken = timePerOutputToken(requests, i);
    const isGood =
      timeToFirstToken(requests, i) <= ttft / NS_PER_S &&
      (Number.isNaN(perToken) ? 0 : perToken) <= tpot / NS_PER_S &&
      endToEnd(requests, i) <= e2el / NS_PER_S;
    if (isGood) good++;
  }
  return {
    requests: good,
    requestsPerSecond: good / seconds,
    share: finished === 0 ? null : good / finished,
  };
}
