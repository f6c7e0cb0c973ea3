import { describe, expect, test } from 'vitest';
import { costOf } from '../../../sim/report/cost.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const scenarioWith = (hardware: string) =>
  parseScenario(
    `version: 1
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --tensor-parallel-size 2
hardware: {gpu: a100-80g-sxm, count: 2${hardware}}
workload: {num-prompts: 20, request-rate: 10, input-len: 100, output-len: 50}
`,
    'cost.pool.yaml',
  );

function costWith(hardware: string) {
  const scenario = scenarioWith(hardware);
  const { recording } = simulateScenario(scenario, {});
  if (recording === null) throw new Error('does not start');
  const summary = summarize(recording);
  return { cost: costOf(scenario, summary), summary };
}

describe('cost', () => {
  test('all rented GPUs are paid for while the tokens of the run come', () => {
    const { cost, summary } = costWith(', price-per-gpu-hour: 1.8');
    if (cost === null || summary.throughput === null) throw new Error('no cost');
    expect(cost.perHour).toBe(3.6);
    // 3.6 an hour are 0.001 a second.
    expect(cost.perMillionOutputTokens).toBeCloseTo(1000 / summary.throughput.outputTokensPerSecond, 9);
    expect(cost.perMillionTokens).toBeCloseTo(1000 / summary.throughput.totalTokensPerSecond, 9);
  });

  test('replicas are paid for too', () => {
    const { cost, summary } = costWith(', price-per-gpu-hour: 1.8');
    const scenario = scenarioWith(', price-per-gpu-hour: 1.8');
    const replicas = { count: 3, router: { kind: 'round-robin' } } as const;
    const ofThree = costOf({ ...scenario, replicas }, summary);
    expect(ofThree?.perHour).toBe(3 * cost!.perHour);
  });

  test('no price, no cost', () => expect(costWith('').cost).toBeNull());

  test('a price of nothing is refused', () => {
    expect(() => scenarioWith(', price-per-gpu-hour: 0')).toThrow(/price above 0/);
  });
});
