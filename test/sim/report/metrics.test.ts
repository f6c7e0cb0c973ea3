import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Recording } from '../../../sim/recording/recording.ts';
import { checkMetrics } from '../../../sim/report/check-metrics.ts';
import { findMetric, METRIC_NAMES, METRICS } from '../../../sim/report/metrics.ts';
import { aggregateOf, measure, seriesOf } from '../../../sim/report/series.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { whyMetric } from '../../../sim/report/why.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const OLD = `version: 1
vllm: "0.6.3"
command: >
  vllm serve meta-llama/Llama-3.1-8B --num-gpu-blocks-override 64 --max-model-len 512 --swap-space 1
  --preemption-mode swap
hardware: {gpu: l4}
workload: {num-prompts: 40, request-rate: 30, random-input-len: 60, random-output-len: 60}
`;
const run = (text: string): Recording => simulateScenario(parseScenario(text, 'x')).recording!;
const hello = run(HELLO);
const old = run(OLD);
const value = (recording: Recording, name: string, aggregate: 'mean' | 'max' | 'p' | 'value', p = 50) =>
  measure(findMetric(name)!, { name: aggregate, p }, recording);

describe('the catalogue', () => {
  test('names are unique, and say whose they are', () => {
    expect(new Set(METRIC_NAMES).size).toBe(METRICS.flatMap((m) => [m.name, ...(m.aliases ?? [])]).length);
    for (const name of METRIC_NAMES) expect(name).toMatch(/^(vllm|poolscope):[a-z0-9_]+$/);
  });

  test.each([
    ['V1', hello],
    ['V0', old],
  ])('%s: metrics and summary are the same numbers', (_, recording) => {
    const summary = summarize(recording);
    expect(value(recording, 'vllm:time_to_first_token_seconds', 'p', 99)).toBe(summary.timeToFirstToken!.p99);
    expect(value(recording, 'vllm:e2e_request_latency_seconds', 'mean')).toBeCloseTo(
      summary.endToEnd!.mean,
      9,
    );
    expect(value(recording, 'vllm:request_queue_time_seconds', 'max')).toBe(summary.queueTime!.max);
    expect(value(recording, 'vllm:kv_cache_usage_perc', 'mean')).toBeCloseTo(summary.kvCacheUse!.mean, 12);
    expect(value(recording, 'vllm:gpu_cache_usage_perc', 'max')).toBe(summary.kvCacheUse!.max);
    expect(value(recording, 'vllm:num_preemptions', 'value')).toBe(summary.numPreemptions);
    expect(value(recording, 'poolscope:internal_waste_share', 'mean')).toBeCloseTo(
      summary.slots!.internal,
      12,
    );
    expect(value(recording, 'poolscope:steps', 'value')).toBe(summary.numSteps);
    expect(value(recording, 'vllm:request_success_total', 'value')).toBe(summary.requests.finished);
  });

  test('V0 swaps, V1 does not', () => {
    expect(value(old, 'poolscope:swapped_blocks_total', 'value')).toBeGreaterThan(0);
    expect(value(old, 'vllm:num_requests_swapped', 'max')).toBeGreaterThan(0);
    expect(value(hello, 'vllm:num_requests_swapped', 'max')).toBe(0);
  });

  test('gauges weigh by time', () => {
    const series = { values: Float64Array.of(1, 3, 2), weights: Float64Array.of(1, 8, 1), rows: [0, 1, 2] };
    const of = (name: 'mean' | 'min' | 'max' | 'p', p = 50) => aggregateOf(series, { name, p });
    expect([of('mean'), of('min'), of('max'), of('p', 10), of('p', 20), of('p', 50)]).toEqual([
      2.7, 1, 3, 1, 2, 3,
    ]);
    expect(
      aggregateOf({ values: new Float64Array(), weights: null, rows: [] }, { name: 'mean', p: 0 }),
    ).toBeNull();
  });

  test('after: later requests and steps only', () => {
    const all = seriesOf(findMetric('vllm:time_to_first_token_seconds')!, hello);
    const late = seriesOf(findMetric('vllm:time_to_first_token_seconds')!, hello, 2e9);
    expect(late.rows.length).toBeLessThan(all.rows.length);
    for (const request of late.rows) expect(hello.requests.arrivalNs[request]).toBeGreaterThanOrEqual(2e9);
  });
});

describe('expectations', () => {
  const check = (expect: string, baseline: Recording | null = null, recordings = [hello]) =>
    checkMetrics(
      parseScenario(`${HELLO}  ${expect}\n`, 'x').expect.metrics,
      recordings.map((recording, seed) => ({ seed, recording, baseline })),
    )[0];

  test('hold or not, with what was found', () => {
    expect(check('vllm:num_preemptions_total: value <= 10')).toMatchObject({
      passed: true,
      actual: 10,
      bound: 10,
    });
    expect(check('vllm:num_preemptions_total: value == 0')).toMatchObject({
      passed: false,
      actual: 10,
      bound: 0,
    });
    expect(check('vllm:time_to_first_token_seconds: count >= 1')).toMatchObject({
      passed: true,
      unit: 'samples',
    });
  });

  test('no samples fail, whatever is asked of them', () => {
    const after = 'vllm:time_to_first_token_seconds: {check: max < 1h, after: 20h}';
    expect(check(after)).toMatchObject({ passed: false, actual: null, problem: 'no samples' });
    expect(check('poolscope:external_fragmentation: value >= 0')).toMatchObject({ passed: false });
  });

  test('a baseline', () => {
    const expression = 'vllm:e2e_request_latency_seconds: p(99) <= 1.01 * baseline';
    expect(check(expression, hello).passed).toBe(true);
    expect(check(expression.replace('1.01', '0.99'), hello).passed).toBe(false);
    expect(check(expression)).toMatchObject({ passed: false, problem: 'the baseline has no samples' });
  });

  test('several seeds: the worst decides, or the mean', () => {
    const other = run(HELLO.replace('seed: 3', 'seed: 4'));
    const counts = [hello, other].map((recording) => value(recording, 'vllm:num_preemptions', 'value')!);
    const mean = (counts[0] + counts[1]) / 2;
    const most = Math.max(...counts);
    expect(mean).toBeLessThan(most);
    const limit = `value <= ${mean}`;
    const name = 'vllm:num_preemptions_total';
    expect(check(`${name}: ${limit}`, null, [hello, other])).toMatchObject({
      passed: false,
      actual: most,
      mean,
    });
    expect(check(`${name}: ${limit}`, null, [hello, hello]).worst.seed).toBe(0);
    const lenient = check(`${name}: {check: ${limit}, aggregate: mean}`, null, [hello, other]);
    expect(lenient).toMatchObject({ passed: true, actual: mean, worst: { actual: most } });
  });
});

describe('why', () => {
  const why = (name: string, recording = hello, low = false) =>
    whyMetric(recording, findMetric(name)!, low, 0);

  test('the first preemption, with its victim', () => {
    expect(why('vllm:num_preemptions_total')).toMatchObject({
      step: 44,
      request: 'r7',
      what: 'the first preemption',
    });
    expect(why('vllm:num_preemptions_total')!.reasons[0]).toMatch(/^r7 is preempted: r3 needs 1 block more/);
  });

  test('the slowest request where it waits, the fullest step', () => {
    const slowest = why('vllm:time_to_first_token_seconds')!;
    expect(slowest.what).toMatch(/has the most; it waits$/);
    expect(slowest.reasons[0]).toMatch(/ waits: /);
    expect(why('vllm:kv_cache_usage_perc')!.what).toBe('the step with the most');
    expect(why('vllm:num_preemptions_total', old)!.reasons[0]).toMatch(/^r15 loses its place/);
  });

  test('nothing where nothing can be said', () => {
    expect(why('poolscope:request_throughput')).toBeNull();
    // Of somebody who decodes on and on, only a preemption could be the reason.
    expect(why('vllm:request_time_per_output_token_seconds', hello, true)).toBeNull();
  });
});
