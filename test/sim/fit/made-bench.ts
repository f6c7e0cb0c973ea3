import { Outcome } from '../../../sim/recording/tables.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

/** HTTP and tokenizing, as a client of the real server would see it. */
const API_SECONDS = 4e-3;

/** A result of `vllm bench serve --save-detailed`, as it would be if the scenario were a real server. */
export function madeBench(scenario: Scenario): Record<string, unknown> {
  const { recording } = simulateScenario(scenario, { events: false });
  if (recording === null) throw new Error('does not start');
  const { requests, steps } = recording;
  const rows = Array.from(requests.outcome.keys());
  if (rows.some((i) => requests.outcome[i] !== Outcome.Finished)) throw new Error('not all finish');
  const seconds = (ns: number) => ns / 1e9;
  const outputs = rows.map((i) => requests.numOutputTokens[i]);
  const ttfts = rows.map((i) => seconds(requests.firstTokenNs[i] - requests.arrivalNs[i]) + API_SECONDS);
  const latencies = rows.map((i) => seconds(requests.endNs[i] - requests.arrivalNs[i]) + API_SECONDS);
  const first = Math.min(...requests.arrivalNs);
  const duration = seconds(Math.max(...requests.endNs) - first) + API_SECONDS;
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  return {
    date: '20260501-120000',
    backend: 'openai',
    model_id: scenario.model.name,
    num_prompts: rows.length,
    request_rate: 8,
    burstiness: 1,
    max_concurrency: null,
    duration,
    completed: rows.length,
    failed: 0,
    total_input_tokens: sum(requests.numPromptTokens),
    total_output_tokens: sum(outputs),
    output_throughput: sum(outputs) / duration,
    input_lens: [...requests.numPromptTokens],
    output_lens: outputs,
    start_times: rows.map((i) => 1000 + seconds(requests.arrivalNs[i])),
    ttfts,
    latencies,
    itls: rows.map((i) => {
      // A token at the end of every step from the first one on.
      const ends = steps.endNs.filter((ns) => ns >= requests.firstTokenNs[i] && ns <= requests.endNs[i]);
      if (ends.length !== outputs[i]) throw new Error('made for runs without preemptions');
      return Array.from(ends.subarray(1), (ns, k) => seconds(ns - ends[k]));
    }),
    errors: rows.map(() => ''),
  };
}

/** The same without --save-detailed: statistics only. */
export function withoutDetails(result: Record<string, unknown>): Record<string, unknown> {
  const mean = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  const { ttfts, latencies, itls, output_lens, input_lens, start_times, errors, ...rest } = result;
  const ttft = ttfts as number[];
  const tpot = (latencies as number[]).map((e2e, i) => (e2e - ttft[i]) / ((output_lens as number[])[i] - 1));
  return { ...rest, mean_ttft_ms: mean(ttft) * 1e3, mean_tpot_ms: mean(tpot) * 1e3 };
}
