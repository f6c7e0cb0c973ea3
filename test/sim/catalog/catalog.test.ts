import { describe, expect, test } from 'vitest';
import { gpuNamed } from '../../../sim/catalog/gpu-names.ts';
import { findGpu, GPUS, suggestGpu } from '../../../sim/catalog/gpus.ts';
import { findModel, MODELS, quantizedModel, suggestModel } from '../../../sim/catalog/models.ts';
import { nearest } from '../../../sim/catalog/nearest.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { countParameters } from '../../../sim/memory/weights.ts';

describe('models', () => {
  test.each(MODELS.map((model) => [model.name, model] as const))(
    '%s: parameters as counted elsewhere, within 0.2 %%',
    (_, model) => {
      const architecture = parseModelConfig(model.config);
      if ('missing' in architecture) throw new Error(`missing ${architecture.missing.join(', ')}`);
      const total = Object.values(countParameters(architecture)).reduce((sum, part) => sum + part, 0);
      expect(Math.abs(total / model.paramsTotal - 1)).toBeLessThan(0.002);
      expect(model.source).not.toBe('');
    },
  );

  test.each([
    ['meta-llama/Llama-3.1-8B-Instruct', 'Llama-3.1-8B'],
    ['meta-llama/Meta-Llama-3.1-70B', 'Llama-3.1-70B'],
    ['THUDM/glm-4-9b-chat', 'glm-4-9b-chat'],
    ['/root/.cache/huggingface/ZhipuAI/GLM-4.7-Flash', 'GLM-4.7-Flash'],
    ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', 'DeepSeek-R1-Distill-Qwen-7B'],
    ['zai-org/GLM-4.5V', 'GLM-4.5V'],
    ['meta-llama/Llama-2-7b-chat-hf', 'Llama-2-7b-hf'],
    ['facebook/opt-13b', 'OPT-13b'],
    ['mistralai/Mixtral-8x7B-Instruct-v0.1', 'Mixtral-8x7B-v0.1'],
    // Its versions are different architectures.
    ['mistralai/Mistral-7B-Instruct-v0.1', 'Mistral-7B-v0.1'],
    ['mistralai/Mistral-7B-Instruct-v0.3', 'Mistral-7B-Instruct-v0.3'],
  ])('%s is %s', (name, expected) => {
    expect(findModel(name)?.name).toBe(expected);
  });

  test.each([
    ['Qwen/Qwen3-32B-AWQ', 'Qwen3-32B', 'awq', 4],
    ['neuralmagic/Meta-Llama-3.1-70B-Instruct-FP8', 'Llama-3.1-70B', 'fp8', null],
    ['Qwen/Qwen2.5-72B-Instruct-GPTQ-Int8', 'Qwen2.5-72B-Instruct', 'gptq', 8],
    ['Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4', 'Qwen2.5-72B-Instruct', 'gptq', 4],
    ['RedHatAI/gemma-3-27b-it-quantized.w4a16', 'gemma-3-27b-it', 'gptq', 4],
  ])('the quantized checkpoint %s is of %s', (name, model, method, bits) => {
    const found = quantizedModel(name);
    expect(found && { ...found, model: found.model.name }).toEqual({ model, method, bits });
  });

  test.each(['Qwen/Qwen3-32B', 'Qwen/Qwen3-33B-AWQ'])('%s is no quantized checkpoint of any', (name) => {
    expect(quantizedModel(name)).toBeNull();
  });

  test('names that differ in what matters stay apart', () => {
    expect(new Set(MODELS.map((model) => findModel(model.name))).size).toBe(MODELS.length);
    expect(findModel('meta-llama/Llama-3.1-9B')).toBeNull();
    expect(suggestModel('meta-llama/Llama-3.1-9B')).toMatch(/^Llama-3\.[12]-/);
  });

  test('a config without what the formulas need names what is missing', () => {
    expect(parseModelConfig({ hidden_size: 4096 })).toEqual({
      unsupported: null,
      missing: [
        'num_hidden_layers',
        'num_attention_heads',
        'vocab_size',
        'max_position_embeddings',
        'intermediate_size',
      ],
    });
  });

  const base = {
    num_hidden_layers: 6,
    hidden_size: 64,
    num_attention_heads: 4,
    vocab_size: 100,
    max_position_embeddings: 512,
    intermediate_size: 128,
  };
  const read = (more: object) => {
    const architecture = parseModelConfig({ ...base, ...more });
    if ('missing' in architecture) throw new Error(`missing ${architecture.missing.join(', ')}`);
    return architecture;
  };

  test.each([
    [{}, [1, 1, 1, 1, 1, 1], 0],
    [{ first_k_dense_replace: 1 }, [0, 1, 1, 1, 1, 1], 128],
    [{ decoder_sparse_step: 2 }, [0, 1, 0, 1, 0, 1], 128],
    [{ decoder_sparse_step: 3, mlp_only_layers: [5] }, [0, 0, 1, 0, 0, 0], 128],
  ])('experts in layers: %j', (more, layers, dense) => {
    const { moe, intermediateSize } = read({ num_experts: 8, moe_intermediate_size: 32, ...more });
    expect(moe?.hasExperts.map(Number)).toEqual(layers);
    expect(moe?.layers).toBe(layers.filter(Boolean).length);
    expect(intermediateSize).toBe(dense);
  });

  test.each([
    [{ rope_type: 'linear', factor: 4 }, 2048],
    [{ type: 'yarn', factor: 4, original_max_position_embeddings: 256 }, 1024],
    [{ type: 'yarn', factor: 4 }, 2048],
    [{ rope_type: 'llama3', factor: 8, original_max_position_embeddings: 64 }, 512],
    [{ rope_type: 'longrope', factor: 8 }, 512],
  ])('a rope scaled by %j', (rope_scaling, length) => {
    const architecture = read({ rope_scaling });
    expect(architecture.maxPositionEmbeddings).toBe(length);
    // cos and sin of half a head each, for every position.
    expect(architecture.positionValues).toBe(length * 16);
  });

  test('OPT learns its positions, and two more than it has', () => {
    expect(read({ model_type: 'opt' }).positionValues).toBe((512 + 2) * 64);
    expect(read({ model_type: 'bloom' }).positionValues).toBe(0);
  });

  test('sliding windows: by list, by pattern, by family, switched off', () => {
    const windowOf = (more: object) => {
      const local = read(more).localAttention;
      return local && { layers: local.isLocal.filter(Boolean).length, window: local.window };
    };
    const types = ['sliding_attention', ...Array(5).fill('full_attention')];
    expect(windowOf({ sliding_window: 32, layer_types: types })).toEqual({ layers: 1, window: 32 });
    expect(windowOf({ sliding_window: 32, sliding_window_pattern: 6 })).toEqual({ layers: 5, window: 32 });
    expect(windowOf({ sliding_window: 32, model_type: 'gemma2' })).toEqual({ layers: 3, window: 32 });
    expect(windowOf({ sliding_window: 32, use_sliding_window: false })).toBeNull();
    expect(windowOf({ sliding_window: null })).toBeNull();
  });
});

describe('GPUs', () => {
  test('ids, aliases, suggestions', () => {
    expect(findGpu('A100-80G')?.id).toBe('a100-80g-sxm');
    expect(findGpu('h100-80gb')?.id).toBe('h100-sxm');
    expect(findGpu('4090')?.id).toBe('rtx4090');
    expect(findGpu('constructor')).toBeNull();
    expect(suggestGpu('rtx4900')).toBe('rtx4090');
    expect(suggestGpu('NVIDIA GeForce RTX 4090')).toBe('rtx4090');
  });

  test.each([
    ['NVIDIA GeForce RTX 4090 D', 'rtx4090d'],
    ['NVIDIA-GeForce-RTX-4090', 'rtx4090'],
    ['NVIDIA H100 80GB HBM3', 'h100-sxm'],
    ['NVIDIA_RTX_PRO_6000_Blackwell_Server_Edition', 'rtxpro6000'],
    ['NVIDIA RTX 6000 Ada Generation', 'rtx6000ada'],
    ['NVIDIA A100-PCIE-40GB', 'a100-40g-pcie'],
    ['NVIDIA-A100-SXM4-80GB-MIG-1g.10gb', null],
    ['Tesla T4', 't4'],
    ['NVIDIA A10G', 'a10g'],
    ['NVIDIA L40S', 'l40s'],
    ['Standard_NC24ads_A100_v4', 'a100-80g-pcie'],
    ['g2-standard-8', 'l4'],
    ['AMD Instinct MI300X', null],
    ['NVIDIA GeForce RTX 3060 Laptop GPU', null],
  ])('others call it %s', (name, id) => {
    expect(gpuNamed(name)).toBe(id);
  });

  test.each(GPUS.map(({ id }) => id))('%s is known by that name too', (id) => {
    expect(gpuNamed(id)).toBe(id);
  });

  test.each(GPUS.map((gpu) => [gpu.id, gpu] as const))(
    '%s has less memory than its name says, and sources',
    (_, gpu) => {
      expect(gpu.memoryGib).toBeGreaterThan(10);
      expect(gpu.memorySource).not.toBe('');
      expect(gpu.timingSource).not.toBe('');
    },
  );
});

test('the nearest name: typing errors, not other words', () => {
  expect(nearest('max-nmu-seqs', ['max-num-seqs', 'max-model-len'])).toBe('max-num-seqs');
  expect(nearest('MAX_NUM_SEQS', ['max-num-seqs'])).toBe('max-num-seqs');
  expect(nearest('port', ['max-num-seqs', 'block-size'])).toBeNull();
});
