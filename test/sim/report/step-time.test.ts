import { expect, test } from 'vitest';
import { stepBreakdown } from '../../../sim/report/step-time.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { totalSeconds } from '../../../sim/time/breakdown.ts';

function record(flags: string, gpu: string, count = 1) {
  const scenario = parseScenario(
    `version: 1
command: vllm serve ${flags}
hardware: {gpu: ${gpu}, count: ${count}}
workload: {num-prompts: 40, request-rate: 50, random-input-len: 300, random-output-len: 20}
`,
    'test',
  );
  const { recording } = simulateScenario(scenario);
  if (recording === null) throw new Error('does not start');
  return recording;
}

test.each([
  [
    'meta-llama/Llama-3.1-8B --max-model-len 2048 --max-num-batched-tokens 512 --num-gpu-blocks-override 300',
    'rtx4090',
    1,
  ],
  ['Qwen/Qwen3-30B-A3B --max-model-len 4096 --tensor-parallel-size 2 --async-scheduling', 'rtxpro6000', 2],
])('the parts of every step sum to its recorded time: %s', (flags, gpu, count) => {
  const recording = record(flags, gpu, count);
  const { steps, numSteps } = recording;
  for (let step = 0; step < numSteps; step += 3) {
    const parts = stepBreakdown(recording, step);
    expect(parts).not.toBeNull();
    const recorded = steps.endNs[step] - steps.startNs[step];
    expect(Math.abs(totalSeconds(parts!) * 1e9 - recorded)).toBeLessThan(1);
  }
});

test('a mixture of experts over two cards spends time on experts and exchanges', () => {
  const recording = record(
    'Qwen/Qwen3-30B-A3B --max-model-len 4096 --tensor-parallel-size 2',
    'rtxpro6000',
    2,
  );
  const parts = stepBreakdown(recording, 5)!;
  const { transfer, ...others } = parts;
  expect(transfer).toBe(0);
  for (const seconds of Object.values(others)) expect(seconds).toBeGreaterThan(0);
});

test('there is none for steps of a fixed time, nor outside the run', () => {
  const scenario = parseScenario(
    'version: 1\ncommand: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048\nhardware: {gpu: rtx4090}\nworkload: {num-prompts: 2}\nstep-time: fixed:10ms\n',
    'test',
  );
  const { recording } = simulateScenario(scenario);
  expect(stepBreakdown(recording!, 0)).toBeNull();
  expect(stepBreakdown(record('meta-llama/Llama-3.1-8B --max-model-len 2048', 'rtx4090'), 1e6)).toBeNull();
});
