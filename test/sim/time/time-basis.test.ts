import { expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { timeBasis } from '../../../sim/time/time-basis.ts';

function basisOf(model: string, gpu: string, count = 1) {
  const { recording } = simulateScenario(
    parseScenario(
      `version: 1
command: vllm serve ${model} --tensor-parallel-size ${count} --max-model-len 1024
hardware: {gpu: ${gpu}, count: ${count}}
workload: {num-prompts: 1, request-rate: 1, input-len: 10, output-len: 2}
`,
      'basis.pool.yaml',
    ),
    {},
  );
  if (!recording?.header.timing) throw new Error('does not start, or has no timing');
  return timeBasis(recording.header.timing);
}

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';

test('a GPU whose kernels were measured: the small band', () => {
  expect(basisOf(LLAMA, 'rtx4090')).toMatchObject({ badge: 'fitted', unmeasured: [], error: [0.03, 0.07] });
});

test('generic constants: the wide band, and what was not measured', () => {
  const { badge, unmeasured, error } = basisOf(LLAMA, 'l40s', 2);
  expect(badge).toBe('datasheet');
  expect(unmeasured).toEqual(['matrix products', 'attention', 'all-reduce']);
  expect(error).toEqual([0.1, 0.2]);
});

test('experts on a GPU on which only dense kernels were measured', () => {
  expect(basisOf('Qwen/Qwen3-30B-A3B', 'h100-sxm').unmeasured).toEqual(['experts']);
});
