import { findGpu, type Gpu, type TimingParameters } from '../catalog/gpus.ts';
import { findModel } from '../catalog/models.ts';
import { simulate } from '../engine/simulate.ts';
import { plan } from '../memory/planner.ts';
import { percentile } from '../report/statistics.ts';
import { summarize } from '../report/summary.ts';
import { scenarioOfCommand } from '../scenario/parse.ts';
import { stepTimeOf } from '../scenario-time.ts';
import { NS_PER_S } from '../units.ts';
import { WorkloadBuilder } from '../workload/builder.ts';
import type { Workload } from '../workload/workload.ts';
import { type CsvRow, parseCsv } from './csv.ts';
import { limitOf, PUBLISHED_LOAD_TESTS } from './time-published.ts';

/** Columns of the two forms in which such tables come; milliseconds, and requests per second. */
export const LOAD_TEST_COLUMNS = [
  [
    'exp',
    'model',
    'hardware',
    'tp',
    'stage',
    'requested_rate',
    'failures',
    'prompt_len_mean',
    'output_len_requested',
    'e2e_mean_ms',
    'ttft_mean_ms',
  ],
  [
    'exp',
    'model',
    'hardware',
    'tp',
    'stage_index',
    'rate',
    'prompt_tokens_meas',
    'out_tokens',
    'e2e_mean',
    'ttft_mean',
  ],
] as const;

/** A stage of a load test: requests at one rate, of which only means are known. */
interface Stage {
  readonly stage: string;
  readonly rate: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly e2eMs: number;
  readonly ttftMs: number;
}

export interface LoadTestCheck {
  readonly name: string;
  readonly gpu: string;
  readonly stage: number;
  /** Seconds per output token. */
  readonly measured: number;
  readonly simulated: number;
  readonly error: number;
}

export interface LoadTestReport {
  readonly checks: readonly LoadTestCheck[];
  readonly skipped: Readonly<Record<string, number>>;
}

/** Absolute errors of all stages on one GPU. */
export interface LoadTestSummary {
  readonly gpu: string;
  readonly count: number;
  readonly median: number;
  readonly largest: number;
  /** Signed, the median: above 0 = predicted too long. */
  readonly bias: number;
  readonly published: readonly [median: number, largest: number] | null;
  /** Both errors within the limits; null where nothing is published. */
  readonly within: boolean | null;
}

/** Sums up the stages of all files, by GPU. */
export function summarizeLoadTests(reports: readonly LoadTestReport[]): LoadTestSummary[] {
  const checks = reports.flatMap((report) => report.checks);
  return [...new Set(checks.map(({ gpu }) => gpu))].sort().map((gpu) => {
    const signed = Float64Array.from(
      checks.filter((check) => check.gpu === gpu),
      ({ error }) => error,
    ).sort();
    const absolute = signed.map(Math.abs).sort();
    const median = percentile(absolute, 50);
    const largest = absolute[absolute.length - 1];
    const published = PUBLISHED_LOAD_TESTS[gpu] ?? null;
    const within =
      published === null ? null : median <= limitOf(published[0]) && largest <= limitOf(published[1]);
    return { gpu, count: signed.length, median, largest, bias: percentile(signed, 50), published, within };
  });
}

/** Enough for a steady state at every rate of such tests. */
const NUM_REQUESTS = 600;
/** Such tests repeat few prompts, so nearly every one is in the prefix cache. */
const NUM_PROMPTS = 50;

/**
 * Compares the mean time per output token of load tests: even arrivals at the stage's rate, prompts of the mean length
 * of which there are few different ones, KV blocks from the start-up model. All of that is assumed.
 * @param constants in place of the GPU's own.
 */
export function verifyLoadTests(
  text: string,
  file: string,
  constants?: (gpu: Gpu) => TimingParameters,
): LoadTestReport {
  const checks: LoadTestCheck[] = [];
  const skipped: Record<string, number> = {};
  for (const row of parseCsv(text, file, [])) {
    const check = checkStage(row, constants);
    if (typeof check === 'string') skipped[check] = (skipped[check] ?? 0) + 1;
    else checks.push(check);
  }
  return { checks, skipped };
}

function stageOf(row: CsvRow): Stage {
  const number = (...names: readonly string[]) =>
    Number(names.map((name) => row[name]).find((cell) => cell) ?? Number.NaN);
  return {
    stage: row.stage ?? row.stage_index,
    rate: number('requested_rate', 'rate'),
    promptTokens: Math.round(number('prompt_len_mean', 'prompt_tokens_meas')),
    outputTokens: number('output_len_requested', 'out_tokens'),
    e2eMs: number('e2e_mean_ms', 'e2e_mean'),
    ttftMs: number('ttft_mean_ms', 'ttft_mean'),
  };
}

const FLAGS: Readonly<Record<string, string>> = {
  tp: 'tensor-parallel-size',
  max_num_seqs: 'max-num-seqs',
  max_num_batched_tokens: 'max-num-batched-tokens',
  max_model_len: 'max-model-len',
  gpu_mem_util: 'gpu-memory-utilization',
};

function checkStage(row: CsvRow, constants?: (gpu: Gpu) => TimingParameters): LoadTestCheck | string {
  const stage = stageOf(row);
  if (stage.stage === '-1') return 'sum over all stages';
  if (Number(row.failures || 0) > 0) return 'with failed requests';
  if (Number(row.dp || 1) > 1) return 'of several replicas';
  if (!Object.values(stage).every((value) => typeof value === 'string' || value > 0)) {
    return 'without rate, lengths or times';
  }
  if (findModel(row.model) === null) return `${row.model} is not in the catalogue`;
  const gpu = findGpu(row.hardware);
  if (gpu === null) return `GPU ${row.hardware} is not in the catalogue`;
  const flags = Object.entries(FLAGS)
    .filter(([column]) => row[column])
    .map(([column, flag]) => `--${flag} ${Number(row[column])}`);
  const scenario = scenarioOfCommand(`vllm serve ${row.model} ${flags.join(' ')}`, {
    gpu: gpu.id,
    count: Number(row.tp),
  });
  const planned = plan(scenario);
  if (!planned.starts) return `vLLM would not start: ${planned.because}`;
  const { timePerOutputToken } = summarize(
    simulate({
      name: row.exp,
      seed: 0,
      vllm: scenario.vllm,
      pool: planned.pool,
      scheduler: planned.scheduler,
      workload: evenLoad(stage),
      stepTime: stepTimeOf(scenario, constants?.(gpu)),
      events: false,
    }),
  );
  if (timePerOutputToken === null) return 'nobody finished in the simulation';
  // The tables' own TPOT divides by outputs that were tokenized again.
  const measured = (stage.e2eMs - stage.ttftMs) / 1e3 / (stage.outputTokens - 1);
  const simulated = timePerOutputToken.p50;
  const error = simulated / measured - 1;
  return { name: row.exp, gpu: gpu.id, stage: Number(stage.stage), measured, simulated, error };
}

function evenLoad({ rate, promptTokens, outputTokens }: Stage): Workload {
  const builder = new WorkloadBuilder();
  for (let i = 0; i < NUM_REQUESTS; i++) {
    builder.add({
      arrivalNs: Math.round((i / rate) * NS_PER_S),
      prompt: [[builder.segment(`prompt ${i % NUM_PROMPTS}`), 0, promptTokens]],
      maxTokens: outputTokens,
    });
  }
  return builder.finish();
}
