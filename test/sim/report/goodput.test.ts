import { expect, test } from 'vitest';
import { findMetric } from '../../../sim/report/metrics.ts';
import { measure } from '../../../sim/report/series.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

function run(workload: object) {
  const text = JSON.stringify({
    version: 1,
    command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096 --max-num-seqs 4',
    hardware: { gpu: 'a100-80g-sxm' },
    'step-time': 'fixed:20ms',
    workload: { 'num-prompts': 40, 'request-rate': 12, 'random-output-len': 20, ...workload },
  });
  return simulateScenario(parseScenario(text, 's')).recording!;
}

const ofRun = (name: string, workload: object) => {
  const metric = findMetric(name)!;
  return measure(metric, { name: 'value', p: 0 }, run(workload));
};

test('without objectives there is no goodput', () => {
  expect(summarize(run({})).goodput).toBeNull();
  expect(ofRun('poolscope:request_goodput', {})).toBeNull();
});

test('a request is good if none of its latencies is above its objective', () => {
  const recording = run({ goodput: { ttft: '500ms', e2el: '900ms' } });
  const { requests } = recording;
  const good = [...requests.endNs.keys()].filter(
    (i) =>
      requests.firstTokenNs[i] - requests.arrivalNs[i] <= 500e6 &&
      requests.endNs[i] - requests.arrivalNs[i] <= 900e6,
  );
  const { goodput, throughput } = summarize(recording);
  expect(good.length).toBeGreaterThan(0);
  expect(good.length).toBeLessThan(40);
  expect(goodput).toMatchObject({ requests: good.length, share: good.length / 40 });
  expect(goodput!.requestsPerSecond).toBeCloseTo(throughput!.requestsPerSecond * (good.length / 40), 9);
});

test('an objective that is met exactly is met', () => {
  // 20 ms a step: TPOT is 20 ms, or more where somebody else’s prompt is in between — here never.
  expect(ofRun('poolscope:good_request_share', { goodput: { tpot: '20ms' } })).toBe(1);
  expect(ofRun('poolscope:good_request_share', { goodput: { tpot: '19.9ms' } })).toBe(0);
});

test('so are the time to the first token and the whole', () => {
  // Alone, a request of one output takes a step to both.
  const alone = { 'num-prompts': 1, 'random-output-len': 1 };
  for (const slo of ['ttft', 'e2el']) {
    expect(ofRun('poolscope:good_request_share', { ...alone, goodput: { [slo]: '20ms' } })).toBe(1);
    expect(ofRun('poolscope:good_request_share', { ...alone, goodput: { [slo]: '19ms' } })).toBe(0);
  }
});

test('a request with one output has a TPOT of 0, as vLLM has it', () => {
  expect(ofRun('poolscope:good_request_share', { goodput: { tpot: '1ns' }, 'random-output-len': 1 })).toBe(1);
});

test('inter-token latencies are per token: percentiles of all, and as many as tokens but first ones', () => {
  const metric = findMetric('vllm:inter_token_latency_seconds')!;
  const recording = run({});
  const at = (name: 'count' | 'p' | 'mean' | 'min' | 'max', p = 0) => measure(metric, { name, p }, recording);
  expect(at('count')).toBe(40 * 19);
  expect(at('p', 50)).toBe(0.02);
  expect(at('mean')).toBeCloseTo(0.02, 12);
  expect([at('min'), at('max')]).toEqual([0.02, 0.02]);
  expect(measure(metric, { name: 'count', p: 0 }, recording, 1e9)).toBeLessThan(40 * 19);
  expect(summarize(recording).interTokenLatency).toMatchObject({ count: 760, p99: 0.02 });
});
