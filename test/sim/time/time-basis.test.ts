import { expect, test } from 'vitest';
import { GPUS } from '../../../sim/catalog/gpus.ts';
import { MEASURED_ERRORS, TIMED } from '../../../sim/catalog/measured-errors.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { bandText } from '../../../sim/time/error-band.ts';
import { gpuBasis, timeBasis } from '../../../sim/time/time-basis.ts';

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

const known = (gpu: string, figure: string) =>
  MEASURED_ERRORS.find((row) => row.gpu === gpu && row.figure === figure && row.constants === 'own')!;

test('a GPU of which runs were measured: their errors, figure by figure', () => {
  const { badge, unmeasured, errors } = basisOf(LLAMA, 'rtx4090');
  expect({ badge, unmeasured }).toEqual({ badge: 'fitted', unmeasured: [] });
  for (const figure of TIMED) {
    const { median, largest } = known('rtx4090', figure);
    expect(errors[figure]).toEqual({ median, largest, source: '1 serving run on rtx4090' });
  }
});

test('of which only the time per token was measured: no figure is trusted more than that', () => {
  const { errors } = basisOf(LLAMA, 'h100-sxm');
  const { median, largest, count } = known('h100-sxm', 'TPOT');
  expect(errors.TPOT).toEqual({ median, largest, source: `${count} stages of load tests on h100-sxm` });
  expect(errors.throughput.largest).toBe(largest);
});

test('unmeasured parts and constants of another card widen the band', () => {
  const dense = basisOf(LLAMA, 'h100-sxm').errors;
  const moe = basisOf('Qwen/Qwen3-30B-A3B', 'h100-sxm');
  expect(moe.unmeasured).toEqual(['experts']);
  for (const figure of TIMED) expect(moe.errors[figure].largest).toBeGreaterThan(dense[figure].largest);
  const { errors } = basisOf(LLAMA, 'h200');
  expect(errors.TPOT.source).toContain('with borrowed constants');
  expect(errors.TPOT.largest).toBeGreaterThan(known('h100-sxm', 'TPOT').largest);
});

test('every GPU of the catalogue has a band of every figure', () => {
  for (const gpu of GPUS) {
    for (const { median, largest } of Object.values(gpuBasis(gpu).errors)) {
      expect(median).toBeGreaterThan(0);
      expect(largest).toBeGreaterThanOrEqual(median);
      expect(largest).toBeLessThan(0.5);
    }
  }
});

test('generic constants: the wide band, and what was not measured', () => {
  const { badge, unmeasured, errors } = basisOf(LLAMA, 'l40s', 2);
  expect(badge).toBe('datasheet');
  expect(unmeasured).toEqual(['matrix products', 'attention', 'all-reduce']);
  expect(bandText(errors.TPOT)).toBe('±18–29 %');
});

test('experts on a GPU on which only dense kernels were measured', () => {
  expect(basisOf('Qwen/Qwen3-30B-A3B', 'h100-sxm').unmeasured).toEqual(['experts']);
});
