import { InputError } from '../error.ts';
import { isObject } from '../plain-values.ts';
import { type Statistics, statisticsOf } from '../report/statistics.ts';

/*
 * Reads what `vllm bench serve --save-result` writes (vllm/benchmarks/serve.py): sums of the whole run, statistics in
 * milliseconds, and with --save-detailed a list with an entry for each request, in seconds.
 */

/** Latencies that vLLM reports, under its names in the file. */
const LATENCIES = ['ttft', 'tpot', 'itl', 'e2el'] as const;
export type Latency = (typeof LATENCIES)[number];
const STATISTICS = ['mean', 'p50', 'p99'] as const;
export type Statistic = (typeof STATISTICS)[number];
export type Figure = 'throughput' | `${Latency} ${Statistic}`;

/** How vLLM calls the statistics in the file. */
const WORDS: Readonly<Record<Statistic, string>> = { mean: 'mean', p50: 'median', p99: 'p99' };

/** One request that was answered. */
export interface BenchRequest {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Seconds since the first one was sent; null: vLLM did not write it. */
  readonly startSeconds: number | null;
}

/** A run of `vllm bench serve`. */
export interface BenchResult {
  readonly file: string;
  readonly model: string;
  /** Answered; failed ones are left out. */
  readonly completed: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Requests per second; Infinity = all at once. */
  readonly requestRate: number;
  readonly burstiness: number;
  /** Clients kept at most so many requests open; null = any number. */
  readonly maxConcurrency: number | null;
  /** The rate rose over the requests, in place of requestRate; null = it did not. */
  readonly ramp: {
    readonly strategy: 'linear' | 'exponential';
    readonly startRps: number;
    readonly endRps: number;
  } | null;
  /** There with --save-detailed. */
  readonly requests: readonly BenchRequest[] | null;
  /** Seconds; throughput: output tokens per second. Those that the file has. */
  readonly figures: ReadonlyMap<Figure, number>;
}

type Json = Readonly<Record<string, unknown>>;
const MS = 1e-3;
/** More failures than this make another load of it. */
const MOST_FAILED = 0.05;

/** Whether a text looks like such a file. */
export function isBenchResult(text: string, file: string): boolean {
  return file.endsWith('.json') || /^\s*\{/.test(text);
}

/**
 * Reads one result, or several that were appended (--append-result), a JSON object each.
 * @throws InputError where something that is needed is missing.
 */
export function readBenchResults(text: string, file: string): BenchResult[] {
  const whole = parseJson(text);
  if (whole !== null) return [resultOf(whole, file)];
  return text
    .split('\n')
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => {
      const json = parseJson(line);
      if (json !== null) return resultOf(json, file);
      const message =
        'expected a JSON object, as vllm bench serve --save-result writes it: is the file cut off?';
      throw new InputError([{ file, place: { line: number, column: 1 }, message }]);
    });
}

function resultOf(json: Json, file: string): BenchResult {
  const fail = (field: string, message: string): never => {
    throw new InputError([{ file, field, message }]);
  };
  const number = (field: string, least: number): number => {
    const value = json[field];
    if (typeof value === 'number' && value >= least && value < 1e15) return value;
    const what = value === undefined ? 'missing' : `expected a number, at least ${least}`;
    return fail(field, `${what}; a result of vllm bench serve --save-result has it`);
  };
  const completed = number('completed', 1);
  const outputTokens = number('total_output_tokens', 1);
  const duration = number('duration', 1e-6);
  const lists = detailsOf(json, fail);
  const failed = lists?.failed ?? (typeof json.failed === 'number' ? json.failed : 0);
  if (failed > MOST_FAILED * (completed + failed)) {
    fail(
      'failed',
      `${failed} of ${completed + failed} requests failed: the others had another load than was asked for`,
    );
  }
  const rate = json.request_rate;
  const figures = new Map<Figure, number>([['throughput', outputTokens / duration]]);
  for (const latency of LATENCIES) {
    const samples = lists?.samples[latency] ?? null;
    for (const statistic of STATISTICS) {
      const value = samples === null ? json[`${WORDS[statistic]}_${latency}_ms`] : samples[statistic] / MS;
      if (typeof value === 'number' && value > 0) figures.set(`${latency} ${statistic}`, value * MS);
    }
  }
  if (!figures.has('ttft mean') || !figures.has('tpot mean')) {
    fail('mean_tpot_ms', 'has no mean TTFT and TPOT: were answers streamed, with more than one token?');
  }
  return {
    file,
    model: typeof json.model_id === 'string' ? json.model_id : '',
    completed,
    failed,
    inputTokens: number('total_input_tokens', 1),
    outputTokens,
    requestRate: typeof rate === 'number' && rate > 0 ? rate : Number.POSITIVE_INFINITY,
    burstiness: typeof json.burstiness === 'number' && json.burstiness > 0 ? json.burstiness : 1,
    maxConcurrency: typeof json.max_concurrency === 'number' ? json.max_concurrency : null,
    ramp: rampOf(json),
    requests: lists?.requests ?? null,
    figures,
  };
}

function rampOf(json: Json): BenchResult['ramp'] {
  const { ramp_up_strategy: strategy, ramp_up_start_rps: startRps, ramp_up_end_rps: endRps } = json;
  const isKnown = strategy === 'linear' || strategy === 'exponential';
  if (!isKnown || typeof startRps !== 'number' || typeof endRps !== 'number') return null;
  return startRps > 0 && endRps > 0 ? { strategy, startRps, endRps } : null;
}

interface Details {
  readonly requests: readonly BenchRequest[];
  readonly failed: number;
  readonly samples: Readonly<Partial<Record<Latency, Statistics | null>>>;
}

/** The lists of --save-detailed; null without them. A request that failed has no output. */
function detailsOf(json: Json, fail: (field: string, message: string) => never): Details | null {
  if (json.input_lens === undefined || json.output_lens === undefined) return null;
  const inputs = numbersOf(json, 'input_lens', null, fail) as number[];
  const length = inputs.length;
  const outputs = numbersOf(json, 'output_lens', length, fail) as number[];
  const starts = numbersOf(json, 'start_times', length, fail);
  const ttfts = numbersOf(json, 'ttfts', length, fail);
  const latencies = numbersOf(json, 'latencies', length, fail);
  const gaps = gapsOf(json, length, fail);
  const rows = Array.from(inputs.keys()).filter((i) => outputs[i] > 0);
  const first =
    starts === null ? 0 : rows.reduce((least, i) => Math.min(least, starts[i]), Number.POSITIVE_INFINITY);
  const endToEnd = (i: number) => {
    if (ttfts === null || (latencies === null && gaps === null)) return Number.NaN;
    return latencies?.[i] ?? ttfts[i] + (gaps?.[i].reduce((sum, gap) => sum + gap, 0) ?? 0);
  };
  const samples = (values: readonly number[]) => {
    const known = Float64Array.from(values.filter((value) => value > 0));
    return known.length === 0 ? null : statisticsOf(known);
  };
  return {
    requests: rows.map((i) => ({
      inputTokens: Math.max(1, inputs[i]),
      outputTokens: outputs[i],
      startSeconds: starts === null ? null : starts[i] - first,
    })),
    failed: length - rows.length,
    samples: {
      ttft: ttfts && samples(rows.map((i) => ttfts[i])),
      tpot:
        ttfts &&
        samples(rows.map((i) => (outputs[i] < 2 ? Number.NaN : (endToEnd(i) - ttfts[i]) / (outputs[i] - 1)))),
      itl: gaps && samples(rows.flatMap((i) => gaps[i])),
      e2el: samples(rows.map(endToEnd)),
    },
  };
}

/** A list of numbers; null if it is not there. */
function numbersOf(
  json: Json,
  field: string,
  length: number | null,
  fail: (field: string, message: string) => never,
): number[] | null {
  const list = json[field];
  if (list === undefined) return null;
  if (!Array.isArray(list) || (length !== null && list.length !== length)) {
    return fail(
      field,
      `expected a list of numbers, one for each request${length === null ? '' : ` (${length})`}`,
    );
  }
  const bad = list.findIndex((value) => typeof value !== 'number' || !(value >= 0));
  if (bad !== -1) return fail(`${field}.${bad}`, 'expected a number, 0 or more');
  return list as number[];
}

function gapsOf(
  json: Json,
  length: number,
  fail: (field: string, message: string) => never,
): number[][] | null {
  const list = json.itls;
  if (list === undefined) return null;
  const isListOfLists =
    Array.isArray(list) && list.length === length && list.every((gaps) => Array.isArray(gaps));
  if (!isListOfLists) return fail('itls', `expected a list of times for each request (${length})`);
  return (list as unknown[][]).map((gaps) => gaps.filter((gap) => typeof gap === 'number'));
}

function parseJson(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
