import { expect, test } from 'vitest';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { type LoraSlots, loraValues } from '../../../sim/memory/lora.ts';
import { ONE_GPU } from '../../../sim/memory/parallel.ts';
import { GIB } from '../../../sim/units.ts';

const model = parseModelConfig(findModel('Llama-3.2-3B')!.config);
if ('missing' in model) throw new Error('Llama-3.2-3B');
const slots: LoraSlots = { adapters: 1, rank: 64, sharded: false, extraVocabulary: 256 };
const gib = (more: Partial<LoraSlots> = {}, tensor = 1) =>
  (2 * loraValues(model, { ...ONE_GPU, tensor }, model.numLayers, model.numLayers, { ...slots, ...more })) /
  GIB;

test('rank 64 on Llama 3.2 3B: what r098 (0.231 GiB) and r099 (0.231 GiB) have beyond r103', () => {
  expect(gib()).toBeCloseTo(6.2472 - 6.016, 1);
  expect(Math.abs(gib() - (6.2472 - 6.016))).toBeLessThan(0.02);
});

test('slots add up, and grow with the rank', () => {
  expect(gib({ adapters: 4 })).toBeCloseTo(4 * gib(), 6);
  expect(gib({ rank: 128, extraVocabulary: 0 })).toBeCloseTo(2 * gib({ extraVocabulary: 0 }), 6);
});

test('of several ranks each holds less, and less still where everything is cut', () => {
  const onFour = gib({ extraVocabulary: 0 }, 4);
  expect(onFour).toBeLessThan(gib({ extraVocabulary: 0 }));
  expect(onFour).toBeGreaterThan(gib({ extraVocabulary: 0 }) / 4);
  expect(gib({ extraVocabulary: 0, sharded: true }, 4)).toBeLessThan(onFour);
});
