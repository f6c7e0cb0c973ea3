import { findGpu } from '../catalog/gpus.ts';
import { findModel } from '../catalog/models.ts';
import { simulate } from '../engine/simulate.ts';
import { plan } from '../memory/planner.ts';
import { summarize } from '../report/summary.ts';
import { scenarioOfCommand } from '../scenario/parse.ts';
import { stepTimeOf } from '../simulate-scenario.ts';
import { WorkloadBuilder } from '../workload/builder.ts';
import type { Workload } from '../workload/workload.ts';
import { type CsvRow, parseCsv } from './csv.ts';

export const AGGREGATE_COLUMNS = [
  'exp',
  'model',
  'hardware',
  'tp',
  'max_num_seqs',
  'max_num_batched_tokens',
  'max_model_len',
  'stage',
  'requested_rate',
  'failures',
  'prompt_len_mean',
  'output_len_requested',
  'e2e_mean_ms',
  'ttft_mean_ms',
] as const;

/** One stage of a load test, of which only means are known. */
export interface AggregateCheck {
  readonly name: string;
  readonly stage: number;
  /** Seconds per output token. */
  readonly measured: number;
  readonly simulated: number;
  readonly error: number;
}

export interface AggregateReport {
  readonly checks: readonly AggregateCheck[];
  readonly skipped: Readonly<Record<string, number>>;
}

/** Enough for a steady state at every rate of such tests. */
const NUM_REQUESTS = 600;
/** Such tests repeat few prompts, so nearly every one is in the prefix cache. */
const NUM_PROMPTS = 50;

/**
 * Compares the mean time per output token of load tests: even arrivals at the stage's rate, prompts of the mean length
 * of which there are few different ones, KV blocks from the start-up model. All of that is assumed.
 */
export function verifyAggregates(text: string, file: string): AggregateReport {
  const checks: AggregateCheck[] = [];
  const skipped: Record<string, number> = {};
  for (const row of parseCsv(text, file, AGGREGATE_COLUMNS)) {
    const check = checkAggregate(row);
    if (typeof check === 'string') skipped[check] = (skipped[check] ?? 0) + 1;
    else checks.push(check);
  }
  return { checks, skipped };
}

function checkAggregate(row: CsvRow): AggregateCheck | string {
  if (row.stage === '-1') return 'sum over all stages';
  if (Number(row.failures) > 0) return 'with failed requests';
  if (findModel(row.model) === null) return `${row.model} is not in the catalogue`;
  const gpu = findGpu(row.hardware);
  if (gpu === null) return `GPU ${row.hardware} is not in the catalogue`;
  const flags = `--tensor-parallel-size ${row.tp} --max-num-seqs ${row.max_num_seqs} --max-num-batched-tokens ${row.max_num_batched_tokens} --max-model-len ${row.max_model_len}`;
  const scenario = scenarioOfCommand(`vllm serve ${row.model} ${flags} --async-scheduling`, {
    gpu: gpu.id,
    count: Number(row.tp),
  });
  const planned = plan(scenario);
  if (!planned.starts) return `vLLM would not start: ${planned.because}`;
  const outputs = Number(row.output_len_requested);
  const { timePerOutputToken } = summarize(
    simulate({
      name: row.exp,
      seed: 0,
      vllm: scenario.vllm,
      pool: planned.pool,
      scheduler: planned.scheduler,
      workload: evenLoad(Number(row.requested_rate), Math.round(Number(row.prompt_len_mean)), outputs),
      stepTime: stepTimeOf(scenario),
      events: false,
    }),
  );
  if (timePerOutputToken === null) return 'nobody finished in the simulation';
  // The table's own TPOT divides by outputs that were tokenized again.
  const measured = (Number(row.e2e_mean_ms) - Number(row.ttft_mean_ms)) / 1e3 / (outputs - 1);
  const simulated = timePerOutputToken.p50;
  return { name: row.exp, stage: Number(row.stage), measured, simulated, error: simulated / measured - 1 };
}

function evenLoad(rate: number, promptTokens: number, maxTokens: number): Workload {
  const builder = new WorkloadBuilder();
  for (let i = 0; i < NUM_REQUESTS; i++) {
    builder.add({
      arrivalNs: Math.round((i / rate) * 1e9),
      prompt: [[builder.segment(`prompt ${i % NUM_PROMPTS}`), 0, promptTokens]],
      maxTokens,
    });
  }
  return builder.finish();
}
