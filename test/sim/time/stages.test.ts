import { expect, test } from 'vitest';
import { findGpu } from '../../../sim/catalog/gpus.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { fixedStepTime } from '../../../sim/time/fixed.ts';
import { rooflineStepTime } from '../../../sim/time/roofline.ts';
import { rooflineStages, sharedStages } from '../../../sim/time/stages.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';

const BATCH: BatchShape = {
  numRequests: 9,
  numTokens: 308,
  numSampled: 9,
  numDecodes: 8,
  decodeContextTokens: 9000,
  maxDecodeContext: 3000,
  numPrefills: 1,
  prefillTokens: Int32Array.of(300),
  prefillComputed: Int32Array.of(64),
  swappedBlocks: 12,
  copiedBlocks: 5,
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function sumOf(stages: ReturnType<typeof rooflineStages>): { stageNs: number[]; total: number } {
  const stageNs = new Float64Array(stages.numStages);
  const sendNs = stages.stages(BATCH, stageNs);
  return {
    stageNs: [...stageNs],
    total: sum([...stageNs]) + (stages.numStages - 1) * sendNs,
  };
}

test.each(['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen3-30B-A3B', 'zai-org/GLM-4.7-Flash'])(
  'the stages of %s and the sends between them sum to the step',
  (name) => {
    const model = parseModelConfig(findModel(name)!.config);
    if ('missing' in model) throw new Error(`not in the config: ${model.missing}`);
    const gpu = findGpu('a100-80g-sxm')!;
    for (const tensorParallel of [1, 2]) {
      for (const pipelineParallel of [2, 3, 4]) {
        const weightBytes = Array.from({ length: pipelineParallel }, (_, stage) => 1e9 * stage);
        const drafting = { model, numTokens: 2 };
        const host = { weightBytes, blockSize: 16 };
        const options = { tensorParallel, pipelineParallel, weightBytes: 2, kvBytes: 2, host, drafting };
        const stages = rooflineStages({ model, gpu, options });
        const { total, stageNs } = sumOf(stages);
        expect(Math.abs(total - stages.stepNs(BATCH))).toBeLessThan(20);
        const onOne = { ...options, pipelineParallel: 1, host: { ...host, weightBytes: [sum(weightBytes)] } };
        const alone = rooflineStepTime({ model, gpu, options: onOne });
        expect(total).toBeGreaterThan(alone.stepNs(BATCH));
        for (const ns of stageNs) expect(ns).toBeGreaterThan(0);
      }
    }
  },
);

test('a step of a known time falls on the stages by their layers', () => {
  // vLLM gives what remains to the stages before the last.
  expect(sumOf(sharedStages(fixedStepTime(1000), 10, 4))).toEqual({
    stageNs: [200, 300, 300, 200],
    total: 1000,
  });
});
