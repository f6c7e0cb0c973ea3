import { expect, test } from 'vitest';
import { findGpu } from '../../../sim/catalog/gpus.ts';
import { LINKS } from '../../../sim/catalog/links.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { TokenWork } from '../../../sim/time/layer.ts';

function timeOf(tensorParallel: number, dataParallel: number, expertParallel: boolean, tokens: number) {
  const model = parseModelConfig(findModel('Qwen/Qwen3-30B-A3B')!.config);
  if ('missing' in model) throw new Error(`not in the config: ${model.missing}`);
  const gpu = findGpu('h100-sxm')!;
  const options = { tensorParallel, dataParallel, expertParallel, weightBytes: 2, kvBytes: 2 };
  return new TokenWork(model, gpu, LINKS[gpu.link], options).time(tokens);
}

test('replicas share experts, whole or in slices: a rank reads as many bytes of weights, and tokens travel alike', () => {
  const whole = timeOf(1, 2, true, 256);
  const slices = timeOf(1, 2, false, 256);
  expect(slices.moe).toBeCloseTo(whole.moe, 4);
  expect(slices.allReduce).toBe(whole.allReduce);
  expect(slices.allReduce).toBeGreaterThan(0);
  expect(slices.gemm).toBe(whole.gemm);
});

test('slices over replicas are as narrow as over tensor ranks, and meet the tokens of all replicas', () => {
  expect(timeOf(1, 4, false, 64).moe).toBeCloseTo(timeOf(4, 1, false, 256).moe, 12);
  expect(timeOf(1, 2, false, 256).moe).toBeLessThan(timeOf(1, 1, false, 512).moe);
});
