import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { type LoraSlots, loraValues } from '../../../sim/memory/lora.ts';
import { rankWeights, sumOfWeights } from '../../../sim/memory/weights.ts';
import { GIB } from '../../../sim/units.ts';
import { recordFormat, recordModel } from '../../../sim/verify/capacity-model.ts';
import { parseCapacityRecords } from '../../../sim/verify/capacity-record.ts';
import { ONE_GPU } from './one-gpu.ts';

const model = parseModelConfig(findModel('Llama-3.2-3B')!.config);
if ('missing' in model) throw new Error('Llama-3.2-3B');
const slots: LoraSlots = { adapters: 1, rank: 64, sharded: false, extraVocabulary: 256 };
const gib = (more: Partial<LoraSlots> = {}, tensor = 1) =>
  (2 * loraValues(model, { ...ONE_GPU, tensor }, model.numLayers, model.numLayers, { ...slots, ...more })) /
  GIB;

describe('what logs of Unsloth’s start-ups have beyond the checkpoint is one slot, as its weights are', () => {
  const text = readFileSync(new URL('../../capacity/records.jsonl', import.meta.url), 'utf8');
  const records = parseCapacityRecords(text, 'records.jsonl');

  test.each([
    ['r098', 64],
    ['r099', 64],
    ['r102', 32],
    ['r103', 0],
    ['r104', 32],
    ['r108', 32],
    ['r109', 32],
  ])('%s: rank %i', (id, rank) => {
    const record = records.find((one) => one.id === id)!;
    const known = recordModel(record)!;
    const extraVocabulary = record.engine === 'v0' ? 256 : 0;
    const slot = rank === 0 ? null : { ...slots, rank, extraVocabulary };
    const place = { tensorRank: 0, stage: 0, replica: 0 };
    const weights = rankWeights(known, ONE_GPU, place, recordFormat(record, known)!, slot);
    expect(Math.abs(sumOfWeights(weights) / GIB - record.observed.weights_load_gib!)).toBeLessThan(0.02);
  });
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
