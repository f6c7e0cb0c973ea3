import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { type Parallel, placesOf } from '../../../sim/memory/parallel.ts';
import { type WeightFormat, weightFormat } from '../../../sim/memory/weight-format.ts';
import { rankWeights, sumOfWeights } from '../../../sim/memory/weights.ts';
import { GIB } from '../../../sim/units.ts';
import { ONE_GPU } from './one-gpu.ts';

function architecture(name: string): Architecture {
  const model = findModel(name);
  if (model === null) throw new Error(name);
  const parsed = parseModelConfig(model.config);
  if ('missing' in parsed) throw new Error(name);
  return parsed;
}

function format(method: string | null = null, expertsOnly = false): WeightFormat {
  const found = weightFormat(method, null, 2, expertsOnly);
  if (found === null) throw new Error(`${method}`);
  return found;
}

function gibOf(name: string, parallel: Partial<Parallel> = {}, weights = format(), rank = 0): number {
  const all = { ...ONE_GPU, ...parallel };
  return sumOfWeights(rankWeights(architecture(name), all, placesOf(all)[rank], weights)) / GIB;
}

describe('weights that vLLM logs, GiB', () => {
  test.each([
    ['Llama-3.1-8B', {}, format(), 14.9888],
    ['Llama-3.2-3B', {}, format(), 6.016],
    ['Meta-Llama-3-8B', {}, format(), 14.9595],
    ['Llama-3.3-70B-Instruct', { tensor: 8 }, format(), 16.46],
    ['Qwen3-30B-A3B', {}, format(), 56.9342],
    ['Qwen3-30B-A3B', { tensor: 2 }, format(), 28.4571],
    ['Qwen3-30B-A3B', {}, format('fp8'), 29.08],
    ['Qwen3-235B-A22B', { tensor: 8 }, format('fp8'), 27.6656],
    ['Qwen2.5-0.5B-Instruct', {}, format('awq'), 0.4315],
    ['Qwen2.5-3B-Instruct', {}, format(), 5.79],
    ['DeepSeek-V2-Lite', {}, format(), 29.301],
    // GLM-4#121
    ['glm-4-9b-chat', {}, format(), 17.5635],
    // 12.82 by plain arithmetic: the kernels pad.
    ['gpt-oss-20b', {}, format('mxfp4', true), 13.72],
    ['TinyLlama-1.1B-Chat-v1.0', {}, format(), 2.0512],
  ])('%s over %o', (name, parallel, weights, logged) => {
    expect(Math.abs(gibOf(name, parallel, weights) / logged - 1)).toBeLessThan(0.012);
  });
});

describe('over several ranks', () => {
  test('pipeline stages add up to the whole; the first has the embedding, the last the head', () => {
    const stages = [0, 1].map((rank) => gibOf('Llama-3.1-8B', { pipeline: 2 }, format(), rank));
    // Each stage has a table of positions and a final norm of its own.
    expect(stages[0] + stages[1]).toBeCloseTo(gibOf('Llama-3.1-8B') + (131_072 * 128 * 2) / GIB, 3);
  });

  test('a tied embedding is on both ends of a pipeline', () => {
    const [first, last] = [0, 1].map((rank) => gibOf('Qwen2.5-3B-Instruct', { pipeline: 2 }, format(), rank));
    expect(first).toBeCloseTo(last, 3);
  });

  test('KV heads beyond one per rank are copied: four ranks of two heads hold twice the share', () => {
    const model = architecture('glm-4-9b-chat');
    const attention = (tensor: number) => {
      const parallel = { ...ONE_GPU, tensor };
      return rankWeights(model, parallel, placesOf(parallel)[0], format()).attention;
    };
    const keysAndValues = model.numLayers * 2 * model.hiddenSize * 2 * model.headDim * 2;
    expect(attention(4) - attention(1) / 4).toBeCloseTo(keysAndValues / 4, -2);
    expect(attention(2)).toBeCloseTo(attention(1) / 2, -2);
  });

  test('experts: cut over all ranks, or spread whole; either way each rank has an eighth', () => {
    const experts = (parallel: Partial<Parallel>) => {
      const all = { ...ONE_GPU, ...parallel };
      return rankWeights(architecture('DeepSeek-V3'), all, placesOf(all)[0], format('fp8')).experts;
    };
    const cut = experts({ tensor: 8 });
    expect(experts({ tensor: 8, experts: true })).toBe(cut);
    expect(experts({ data: 8, experts: true })).toBe(cut);
    expect(experts({ tensor: 2, data: 4 })).toBe(cut);
  });

  test('replicas copy the attention', () => {
    const attention = (parallel: Partial<Parallel>) => {
      const all = { ...ONE_GPU, ...parallel };
      return rankWeights(architecture('DeepSeek-V3'), all, placesOf(all)[0], format('fp8')).attention;
    };
    expect(attention({ data: 8 })).toBe(attention({}));
  });

  test('three dense layers come first, so the first of four stages has fewest experts', () => {
    const all = { ...ONE_GPU, pipeline: 4 };
    const experts = placesOf(all).map(
      (place) => rankWeights(architecture('DeepSeek-V3'), all, place, format('fp8')).experts,
    );
    expect(experts.map((bytes) => Math.round((bytes / experts[3]) * 15))).toEqual([12, 15, 16, 15]);
  });
});

describe('formats', () => {
  test.each([
    [null, null, 2],
    ['awq', null, 0.5 + 2.5 / 128],
    ['awq_marlin', null, 0.5 + 2.5 / 128],
    ['gptq', 8, 1 + 2.5 / 128],
    ['fp8', null, 1 + 4 / 16_384],
    ['mxfp4', null, 0.5 + 1 / 32],
    ['compressed-tensors', null, 1],
    ['compressed-tensors', 4, 0.5 + 2 / 128],
    ['bitsandbytes', null, 0.5 + 1 / 16],
  ])('%s with %s bits: %d bytes', (method, bits, bytes) => {
    expect(weightFormat(method, bits, 2)?.bytes).toBe(bytes);
  });

  test('one that is not known is not guessed', () => {
    expect(weightFormat('quip', null, 2)).toBeNull();
    expect(weightFormat('constructor', null, 2)).toBeNull();
  });
});

test('encoders: Qwen2-VL’s tower has 0.675 billion parameters, SigLIP’s 0.41', () => {
  const text = {
    num_hidden_layers: 2,
    hidden_size: 3584,
    num_attention_heads: 28,
    vocab_size: 1000,
    max_position_embeddings: 100,
    intermediate_size: 64,
  };
  const encoder = (vision_config: object) => {
    const parsed = parseModelConfig({ ...text, vision_config });
    return 'missing' in parsed ? null : parsed.encoder;
  };
  const qwen = encoder({
    depth: 32,
    embed_dim: 1280,
    hidden_size: 3584,
    mlp_ratio: 4,
    spatial_merge_size: 2,
  });
  expect(qwen?.parameters).toBeGreaterThan(0.66e9);
  expect(qwen?.parameters).toBeLessThan(0.69e9);
  const siglip = encoder({
    hidden_size: 1152,
    intermediate_size: 4304,
    num_hidden_layers: 27,
    image_size: 896,
    patch_size: 14,
  });
  expect(siglip?.parameters).toBeGreaterThan(0.4e9);
  expect(siglip?.parameters).toBeLessThan(0.43e9);
  expect(siglip?.patchesPerItem).toBe(4096);
  expect(
    encoder({ hidden_act: 'silu', hidden_size: 100, intermediate_size: 100, depth: 1 })?.parameters,
  ).toBe(4e4 + 3e4 + 1e4 + 100 * 3584);
});
