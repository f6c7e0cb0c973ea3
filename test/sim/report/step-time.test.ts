import { expect, test } from 'vitest';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { StepTimes, stepBreakdown } from '../../../sim/report/step-time.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { type StepBreakdown, totalSeconds } from '../../../sim/time/breakdown.ts';

function record(flags: string, gpu: string, count = 1, { workload = '', vllm = 'v1' } = {}) {
  const scenario = parseScenario(
    `version: 1
vllm: "${vllm}"
command: vllm serve ${flags}
hardware: {gpu: ${gpu}, count: ${count}}
workload: {num-prompts: 40, request-rate: 50, random-input-len: 300, random-output-len: 20${workload}}
`,
    'test',
  );
  const { recording } = simulateScenario(scenario);
  if (recording === null) throw new Error('does not start');
  return recording;
}

function breakdowns(recording: Recording): StepBreakdown[] {
  const times = StepTimes.of(recording)!;
  const cursor = new Cursor(recording);
  return Array.from({ length: recording.numSteps }, (_, step) => {
    cursor.seek(step);
    return times.at(cursor);
  });
}

const LLAMA = 'meta-llama/Llama-3.1-8B --max-model-len 2048';
const speculative = (config: object) => `--speculative-config '${JSON.stringify(config)}'`;
const EAGLE = speculative({ method: 'eagle', model: 'an/eagle', num_speculative_tokens: 3 });
const NGRAM = speculative({ method: 'ngram', num_speculative_tokens: 4 });
const V0 = { vllm: '0.6.3' };

test.each([
  [`${LLAMA} --max-num-batched-tokens 512 --num-gpu-blocks-override 300`, 'rtx4090', 1, {}],
  [
    'Qwen/Qwen3-30B-A3B --max-model-len 4096 --tensor-parallel-size 2 --async-scheduling',
    'rtxpro6000',
    2,
    {},
  ],
  [`${LLAMA} --num-gpu-blocks-override 200 ${EAGLE}`, 'a100-80g-sxm', 1, {}],
  [`${LLAMA} --num-gpu-blocks-override 200 ${NGRAM}`, 'rtx4090', 1, {}],
  [
    'google/gemma-3-4b-it --max-model-len 4096',
    'l40s',
    1,
    { workload: ', images: {tokens: 256, per-request: 2}' },
  ],
  [`${LLAMA} --num-gpu-blocks-override 200`, 'a100-80g-sxm', 1, V0],
  [`${LLAMA} --num-gpu-blocks-override 200 --preemption-mode swap`, 'a100-80g-sxm', 1, V0],
  [
    `${LLAMA} --num-gpu-blocks-override 400 --enable-chunked-prefill`,
    'a100-80g-sxm',
    1,
    { ...V0, workload: ', n: 4' },
  ],
])('the parts of every step sum to its recorded time: %s on %s × %i, %j', (flags, gpu, count, more) => {
  const recording = record(flags, gpu, count, more);
  const { steps, numSteps } = recording;
  breakdowns(recording).forEach((parts, step) => {
    const recorded = steps.endNs[step] - steps.startNs[step];
    expect(Math.abs(totalSeconds(parts) * 1e9 - recorded)).toBeLessThanOrEqual(1);
  });
  expect(numSteps).toBeGreaterThan(20);
});

test('what is special to a run has a part of its own', () => {
  const partsOf = (component: keyof StepBreakdown, ...args: Parameters<typeof record>) => {
    const recording = record(...args);
    return Array.from(
      { length: recording.numSteps },
      (_, step) => stepBreakdown(recording, step)![component],
    );
  };
  const drafts = partsOf('drafts', `${LLAMA} ${EAGLE}`, 'a100-80g-sxm');
  expect(Math.min(...drafts)).toBeGreaterThan(0);
  expect(Math.max(...partsOf('drafts', `${LLAMA} ${NGRAM}`, 'a100-80g-sxm'))).toBe(0);
  const images = partsOf('encoder', 'google/gemma-3-4b-it --max-model-len 4096', 'l40s', 1, {
    workload: ', images: {tokens: 256}',
  });
  expect(Math.max(...images)).toBeGreaterThan(0.005);
  expect(images.at(-1)).toBe(0);
  const swaps = `${LLAMA} --num-gpu-blocks-override 200 --preemption-mode swap`;
  expect(Math.max(...partsOf('transfer', swaps, 'a100-80g-sxm', 1, V0))).toBeGreaterThan(0);
});

test('a mixture of experts over two cards spends time on experts and exchanges', () => {
  const recording = record(
    'Qwen/Qwen3-30B-A3B --max-model-len 4096 --tensor-parallel-size 2',
    'rtxpro6000',
    2,
  );
  const parts = stepBreakdown(recording, 5)!;
  const { transfer, encoder, drafts, ...others } = parts;
  expect([transfer, encoder, drafts]).toEqual([0, 0, 0]);
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
