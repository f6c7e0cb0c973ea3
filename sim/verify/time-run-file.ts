import { gpuNamed } from '../catalog/gpu-names.ts';
import { findGpu } from '../catalog/gpus.ts';
import { InputError } from '../error.ts';
import { isObject } from '../plain-values.ts';
import { NS_PER_S } from '../units.ts';
import { type Run, WorkloadBuilder } from '../workload/builder.ts';
import type { Workload } from '../workload/workload.ts';
import { parseCsv } from './csv.ts';

/** A serving run that somebody measured: its configuration and every request's times. */
export interface MeasuredRun {
  readonly name: string;
  readonly model: string;
  /** Id in the catalogue. */
  readonly gpu: string;
  readonly numGpus: number;
  /** How the model is spread over them, as in "tp2" or "tp2 dp4"; empty on one GPU. */
  readonly layout: string;
  /** vLLM's flags, as its log resolves them. */
  readonly flags: Readonly<Record<string, string | number | boolean>>;
  readonly requests: readonly MeasuredRequest[];
  /** What the file does not say, and what is taken for it. */
  readonly assumed: readonly string[];
}

export interface MeasuredRequest {
  readonly id: string;
  readonly arrivalSeconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Tokens at the start of the prompt that an earlier prompt begins with. */
  readonly sharedTokens: number;
  readonly ttftSeconds: number;
  readonly e2eSeconds: number;
}

const REQUEST_COLUMNS = ['id', 'arrival_s', 'input_tokens', 'output_tokens', 'ttft_ms', 'e2e_ms'];

/** vLLM's keyword arguments that are handed on as flags. */
const FLAGS = [
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'enable_expert_parallel',
  'max_num_seqs',
  'max_num_batched_tokens',
  'max_model_len',
  'block_size',
  'gpu_memory_utilization',
  'dtype',
  'kv_cache_dtype',
  'quantization',
  'enable_chunked_prefill',
  'enforce_eager',
];

/** Of parallelism; their product is the number of GPUs. */
const SIZES = { tp: 'tensor_parallel_size', pp: 'pipeline_parallel_size', dp: 'data_parallel_size' };

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a run from its description (JSON) and its table of requests.
 * @returns why the run cannot be simulated instead.
 */
export function parseMeasuredRun(json: string, requests: string, file: string): MeasuredRun | string {
  const root = parseJson(json, file);
  const config = objectAt(root, 'config');
  const engine = objectAt(config, 'engine_kwargs');
  const { model } = engine;
  if (typeof model !== 'string') return 'no serving run: engine_kwargs name no model';
  const name =
    file
      .split('/')
      .pop()
      ?.replace(/\.json$/, '') ?? file;
  const gpu = gpuOf(objectAt(config, 'hardware').device_name, [
    name.split('_')[0],
    ...String(root.source ?? '').split('/'),
  ]);
  if (gpu === null) return 'its GPU is not in the catalogue';
  const sizes = Object.entries(SIZES).map(([short, name]) => ({ short, size: numberAt(engine, name, 1) }));
  const cache = objectAt(config, 'kv_cache');
  const resolved = objectAt(objectAt(config, 'resolved_config'), 'scheduler_config');
  const assumed: string[] = [];
  const flags: Record<string, string | number | boolean> = {};
  for (const flag of FLAGS) {
    const value = engine[flag] ?? cache[flag];
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      flags[flag] = value;
    }
  }
  if (typeof cache.num_gpu_blocks === 'number') flags.num_gpu_blocks_override = cache.num_gpu_blocks;
  else assumed.push('KV blocks from the start-up model: not logged');
  if (typeof resolved.async_scheduling === 'boolean') flags.async_scheduling = resolved.async_scheduling;
  else {
    flags.async_scheduling = true;
    assumed.push("async scheduling, vLLM's default: not logged");
  }
  return {
    name,
    model,
    gpu,
    numGpus: sizes.reduce((product, { size }) => product * size, 1),
    layout: sizes
      .filter(({ size }) => size > 1)
      .map(({ short, size }) => `${short}${size}`)
      .join(' '),
    flags,
    requests: requestsOf(requests, file.replace(/\.json$/, '.requests.csv')),
    assumed,
  };
}

function requestsOf(text: string, file: string): MeasuredRequest[] {
  return parseCsv(text, file, REQUEST_COLUMNS).map((row) => ({
    id: row.id,
    arrivalSeconds: Number(row.arrival_s),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    sharedTokens: Number(row.prefix_hit_possible || 0),
    ttftSeconds: Number(row.ttft_ms) / 1e3,
    e2eSeconds: Number(row.e2e_ms) / 1e3,
  }));
}

/** Whole blocks of this many tokens are what the recorded shared tokens count. */
const SHARED_BLOCK = 16;

/** The run's requests at their real arrivals. */
export function workloadOfRun({ requests }: MeasuredRun): Workload {
  const builder = new WorkloadBuilder();
  requests.forEach((request, i) => {
    const { id, arrivalSeconds, inputTokens, outputTokens, sharedTokens } = request;
    const source = sharedTokens > 0 ? sourceOfPrefix(requests, i) : null;
    const shared = source === null ? [] : firstTokens(builder.promptOf(source), sharedTokens);
    const numShared = shared.reduce((sum, [, , length]) => sum + length, 0);
    builder.add({
      id,
      arrivalNs: Math.round(arrivalSeconds * NS_PER_S),
      prompt: [...shared, [builder.newSegment(), 0, inputTokens - numShared]],
      maxTokens: outputTokens,
    });
  });
  return builder.finish();
}

/**
 * The earlier request whose prompt a prompt begins with. Which one it was is not recorded, only the whole blocks that
 * are shared; in a conversation they are all blocks of the turn before, whose answer is quoted too. So among the
 * prompts of that many blocks it is the one that, with its answer, fits best; else the latest that is long enough.
 */
function sourceOfPrefix(requests: readonly MeasuredRequest[], request: number): number | null {
  const { sharedTokens, inputTokens } = requests[request];
  let best: number | null = null;
  let leastRest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < request; i++) {
    const { inputTokens: prompt, outputTokens: answer } = requests[i];
    if (prompt < sharedTokens) continue;
    const isTurnBefore = prompt - (prompt % SHARED_BLOCK) === sharedTokens;
    const rest = !isTurnBefore ? 1e9 : Math.abs(inputTokens - prompt - answer);
    if (rest > leastRest) continue;
    best = i;
    leastRest = rest;
  }
  return best;
}

function firstTokens(prompt: readonly Run[], count: number): Run[] {
  const first: Run[] = [];
  let left = count;
  for (const [segment, offset, length] of prompt) {
    if (left > 0) first.push([segment, offset, Math.min(length, left)]);
    left -= length;
  }
  return first;
}

/** The driver's name for it if the file has it, else what file and source are called. */
function gpuOf(deviceName: unknown, names: readonly string[]): string | null {
  const named = typeof deviceName === 'string' ? gpuNamed(deviceName) : null;
  return named ?? names.map((name) => findGpu(name)?.id).find((id) => id !== undefined) ?? null;
}

function parseJson(text: string, file: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Falls through to the same complaint.
  }
  throw new InputError([{ file, message: 'holds no JSON object' }]);
}

function objectAt(parent: Json, name: string): Json {
  const value = parent[name];
  return isObject(value) ? value : {};
}

function numberAt(parent: Json, name: string, fallback: number): number {
  const value = parent[name];
  return typeof value === 'number' ? value : fallback;
}
