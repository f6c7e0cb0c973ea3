import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { kvBytesPerLayer, layerKvBytes } from '../../../sim/memory/kv-cache.ts';
import {
  blocksPerRequest,
  kvLayout,
  longestRequest,
  pagesUnify,
  stageBlockBytes,
} from '../../../sim/memory/kv-layout.ts';
import { rulesOfRelease } from '../../../sim/memory/rules.ts';
import { capacityOf } from '../../../sim/memory/startup.ts';
import { countParameters } from '../../../sim/memory/weights.ts';

function architecture(name: string): Architecture {
  const parsed = parseModelConfig(findModel(name)!.config);
  if ('missing' in parsed) throw new Error(name);
  return parsed;
}

const LLAMA4 = parseModelConfig({
  model_type: 'llama4_text',
  num_hidden_layers: 48,
  hidden_size: 5120,
  num_attention_heads: 40,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 8192,
  vocab_size: 202_048,
  max_position_embeddings: 1_048_576,
  attention_chunk_size: 8192,
}) as Architecture;

const layoutOf = (model: Architecture, separate = true) =>
  kvLayout(model.localAttention, 16, Array(model.numLayers).fill(1000), separate);
const summary = (model: Architecture) => {
  const { groups, layers } = layoutOf(model);
  return groups.map(({ kind }, i) => `${kind} ${layers[i].length}`);
};

describe('cache groups', () => {
  test('one kind of layer, one group', () => {
    expect(summary(architecture('Llama-3.1-8B'))).toEqual(['full 32']);
    expect(summary(architecture('Mistral-7B-v0.1'))).toEqual(['sliding_window 32']);
  });

  test('gpt-oss: half and half', () => {
    expect(summary(architecture('gpt-oss-20b'))).toEqual(['sliding_window 12', 'full 12']);
  });

  test('Gemma 3: ten full layers, 52 others in six groups of which some are short', () => {
    expect(summary(architecture('gemma-3-27b-it'))).toEqual([
      'sliding_window 9',
      'sliding_window 9',
      'sliding_window 9',
      'sliding_window 9',
      'sliding_window 8',
      'sliding_window 8',
      'full 10',
    ]);
    expect(stageBlockBytes(layoutOf(architecture('gemma-3-27b-it')), 1, 0)).toBe(10 * 16_000);
  });

  test('Llama 4: one layer in four sees everything, the others their chunk', () => {
    expect(summary(LLAMA4)).toEqual([...Array(3).fill('chunked_local 12'), 'full 12']);
  });

  test('the kind of the first layer comes first', () => {
    const kinds = (isLocal: boolean[]) =>
      kvLayout({ kind: 'sliding_window', window: 64, isLocal }, 16, [1, 1], true).groups.map(
        ({ kind }) => kind,
      );
    expect(kinds([true, false])).toEqual(['sliding_window', 'full']);
    expect(kinds([false, true])).toEqual(['full', 'sliding_window']);
  });

  test('nearly equal kinds take the larger size, not many small groups', () => {
    const isLocal = Array.from({ length: 17 }, (_, layer) => layer >= 8);
    const local = { kind: 'sliding_window', window: 64, isLocal } as const;
    const layout = kvLayout(local, 16, Array(17).fill(1000), true);
    expect(layout.layers.map((layers) => layers.length)).toEqual([8, 9]);
    expect(stageBlockBytes(layout, 1, 0)).toBe(9 * 16_000);
  });

  test('ranks that share out the tokens: a block of all of them, with the bytes of one', () => {
    const one = kvLayout(null, 16, [1152, 1152], true);
    const eight = kvLayout(null, 16, [1152, 1152], true, { contextRanks: 8 });
    expect(eight.groups[0].blockSize).toBe(128);
    expect(stageBlockBytes(eight, 1, 0)).toBe(stageBlockBytes(one, 1, 0));
    expect(blocksPerRequest(eight, 1000, 8192)).toBe(8);
  });

  test('without the hybrid manager, and in V0, every layer keeps everything', () => {
    const { groups, layers } = layoutOf(architecture('gpt-oss-20b'), false);
    expect(groups).toEqual([{ kind: 'full', blockSize: 16, window: 0 }]);
    expect(layers[0]).toHaveLength(24);
  });

  test('every layer is in one group, and stages hold it once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 2 }),
        (isLocal, pipeline) => {
          const numLayers = isLocal.length;
          const local = { kind: 'sliding_window', window: 64, isLocal } as const;
          const layout = kvLayout(local, 16, Array(numLayers).fill(1), true);
          expect(layout.layers.flat().sort((a, b) => a - b)).toEqual(isLocal.map((_, layer) => layer));
          for (let stage = 0; stage < pipeline; stage++) {
            const bytes = stageBlockBytes(layout, pipeline, stage);
            expect(bytes * layout.groups.length).toBeGreaterThanOrEqual(
              16 * Math.floor(numLayers / pipeline),
            );
          }
        },
      ),
    );
  });
});

// Gemma 4 26B A4B: 25 layers with a window, 5 that see everything and have fewer, wider heads.
const GEMMA4 = parseModelConfig({
  model_type: 'gemma4_text',
  num_hidden_layers: 30,
  hidden_size: 2816,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 256,
  global_head_dim: 512,
  num_global_key_value_heads: 2,
  attention_k_eq_v: true,
  intermediate_size: 2112,
  num_experts: 128,
  top_k_experts: 8,
  moe_intermediate_size: 704,
  vocab_size: 262_144,
  max_position_embeddings: 262_144,
  tie_word_embeddings: true,
  sliding_window: 1024,
  sliding_window_pattern: 6,
}) as Architecture;

describe('pages of different layers', () => {
  const layerBytes = layerKvBytes(GEMMA4, 1, 2);

  test('the smaller ones get larger blocks; as record r082 logs it: 14.78x, 3,875,400 tokens', () => {
    expect(pagesUnify(layerBytes)).toBe(true);
    const layout = kvLayout(GEMMA4.localAttention, 16, layerBytes, true);
    expect(layout.groups.map(({ blockSize }) => blockSize)).toEqual([16, 16, 16, 16, 16, 32]);
    const blocks = Math.floor((83.89 * 1024 ** 3) / stageBlockBytes(layout, 1, 0));
    const perRequest = blocksPerRequest(layout, 262_144, 2496);
    const { maxConcurrency, kvCacheTokens } = capacityOf(
      layout,
      rulesOfRelease('v1', [0, 25, 1]),
      blocks,
      262_144,
      perRequest,
    );
    expect(maxConcurrency.toFixed(2)).toBe('14.78');
    // The log's GiB are rounded to 0.01: 16 blocks, 450 tokens.
    expect(Math.abs(kvCacheTokens - 3_875_400)).toBeLessThan(500);
  });

  test('26 billion parameters, counted by kind of layer', () => {
    const total = Object.values(countParameters(GEMMA4)).reduce((sum, part) => sum + part, 0);
    expect(total / 1e9).toBeGreaterThan(24.5);
    expect(total / 1e9).toBeLessThan(26.5);
  });

  test('in one group, the bytes of the layers add up', () => {
    const layout = kvLayout(GEMMA4.localAttention, 16, layerBytes, false);
    expect(stageBlockBytes(layout, 1, 0)).toBe(16 * (25 * 8192 + 5 * 4096));
  });

  test('pages that are no multiples of each other', () => {
    expect(pagesUnify([3, 2])).toBe(false);
  });
});

describe('what a request may hold', () => {
  test('gpt-oss as it was logged: 35,335 blocks, 512 + 137 of them a request, 54.44x', () => {
    const layout = layoutOf(architecture('gpt-oss-20b'));
    expect(blocksPerRequest(layout, 8192, 2048)).toBe(512 + 137);
    const rules = rulesOfRelease('v1', [0, 11, 0]);
    const { maxConcurrency, kvCacheTokens } = capacityOf(layout, rules, 35_335, 8192, 649);
    expect(maxConcurrency).toBeCloseTo(54.44, 1);
    // The log prints 282,624: of another rank, or another rounding of the bytes.
    expect(Math.abs(kvCacheTokens - 282_624)).toBeLessThanOrEqual(64);
  });

  test('a window over all layers asks for one block more than its tokens', () => {
    expect(blocksPerRequest(layoutOf(architecture('Mistral-7B-v0.1')), 1024, 8192)).toBe(65);
  });

  test('a chunk keeps what one step can add', () => {
    expect(blocksPerRequest(layoutOf(LLAMA4), 100_000, 2048)).toBe(6250 + 3 * 640);
  });

  test('the longest request is the longest: it fits, one token more does not', () => {
    const layouts = ['Llama-3.1-8B', 'gpt-oss-20b', 'gemma-3-27b-it'].map((name) =>
      layoutOf(architecture(name)),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...layouts),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 8192 }),
        (layout, blocks, tokens) => {
          const longest = longestRequest(layout, blocks, 40_000, tokens);
          if (longest > 0) expect(blocksPerRequest(layout, longest, tokens)).toBeLessThanOrEqual(blocks);
          if (longest < 40_000) expect(blocksPerRequest(layout, longest + 1, tokens)).toBeGreaterThan(blocks);
        },
      ),
    );
  });

  test('V0 counts tokens, V1 whole blocks of a request', () => {
    const layout = layoutOf(architecture('Llama-3.1-8B'));
    const concurrency = (engine: 'v0' | 'v1') =>
      capacityOf(layout, rulesOfRelease(engine, [0, 8, 0]), 100, 1000, 63).maxConcurrency;
    expect(concurrency('v0')).toBe(1.6);
    expect(concurrency('v1')).toBe(100 / 63);
  });
});

describe('bytes of a layer', () => {
  const mla = { qLoraRank: 0, kvLoraRank: 512, ropeDim: 64, nopeDim: 128, vDim: 128, indexDim: 0 };
  const sparse = { numHeads: 64, numKvHeads: 64, headDim: 128, mla: { ...mla, indexDim: 128 } };

  test('the sparse attention’s indexer caches 132 bytes more (GLM-5.1: 100,152 over 78 layers)', () => {
    expect(78 * kvBytesPerLayer(sparse, 8, 2)).toBe(100_152);
    // FP8: 656 bytes of fp8_ds_mla.
    expect(kvBytesPerLayer(sparse, 8, 1)).toBe(656 + 132);
  });

  test('vLLM 0.7 padded MLA entries from 1152 to 1280 bytes', () => {
    const rules = rulesOfRelease('v0', [0, 7, 3]);
    expect(kvBytesPerLayer({ ...sparse, mla }, 8, 2, rules.mlaAlignment)).toBe(1280);
    expect(kvBytesPerLayer({ ...sparse, mla }, 8, 2)).toBe(1152);
    // Before, it kept keys and values of all heads, padded (record m09: 16 heads of DeepSeek-V2-Lite).
    const { mlaAlignment } = rulesOfRelease('v0', [0, 6, 3]);
    expect(kvBytesPerLayer({ ...sparse, mla, numHeads: 16 }, 1, 2, mlaAlignment)).toBe(2 * 16 * 256 * 2);
  });
});
