import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { kvBytesPerToken } from '../../../sim/memory/kv-cache.ts';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

function planOf(command: string, gpu = 'a100-80g', more = ''): Plan {
  const count = /tensor-parallel-size (\d+)/.exec(command)?.[1] ?? '1';
  return plan(
    parseScenario(
      `version: 1\ncommand: ${JSON.stringify(command)}\nhardware: {gpu: ${gpu}, count: ${count}}\n${more}`,
      's.yaml',
    ),
  );
}

function started(command: string, gpu?: string, more?: string): Extract<Plan, { starts: true }> {
  const result = planOf(command, gpu, more);
  if (!result.starts) throw new Error(result.message);
  return result;
}

const LLAMA = 'vllm serve meta-llama/Llama-3.1-8B';

describe('KV bytes per token', () => {
  const bytes = (name: string, tensorParallel: number, elementBytes = 2) => {
    const architecture = parseModelConfig(findModel(name)!.config);
    if ('missing' in architecture) throw new Error(name);
    return kvBytesPerToken(architecture, tensorParallel, elementBytes);
  };

  test.each([
    ['Llama-3.1-8B', 1, 131_072],
    ['Llama-2-7b-hf', 1, 524_288],
    ['OPT-13b', 1, 819_200],
    ['glm-4-9b-chat', 1, 40_960],
    ['glm-4-9b-chat', 2, 20_480],
    // Two KV heads on four ranks: replicated, not split further.
    ['glm-4-9b-chat', 4, 20_480],
    // MLA: one latent entry, not divided by TP.
    ['GLM-4.7-Flash', 1, 54_144],
    ['GLM-4.7-Flash', 4, 54_144],
    ['DeepSeek-V3', 8, 70_272],
  ])('%s at TP %i: %i', (name, tensorParallel, expected) => {
    expect(bytes(name, tensorParallel)).toBe(expected);
  });

  test('fp8 halves them', () => {
    expect(bytes('GLM-4.5V', 8, 1)).toBe(11_776);
  });
});

describe('logged start-ups: KV memory to blocks', () => {
  interface LogRecord {
    id: string;
    block_size: number | null;
    tensor_parallel_size: number | null;
    pipeline_parallel_size: number | null;
    kv_cache_dtype: string | null;
    hybrid: boolean;
    arch: null | {
      num_hidden_layers: number;
      num_key_value_heads: number;
      head_dim: number;
      mla: unknown;
      indexer_bytes: unknown;
    };
    observed: { kv_cache_gib?: number; num_gpu_blocks?: number };
  }
  const records = readFileSync(new URL('../../capacity/records.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogRecord)
    .filter(
      ({ observed, hybrid, arch, pipeline_parallel_size }) =>
        observed.kv_cache_gib &&
        observed.num_gpu_blocks &&
        !hybrid &&
        arch !== null &&
        !arch.mla &&
        (pipeline_parallel_size ?? 1) === 1,
    );

  test('enough of them to mean something', () => {
    expect(records.length).toBeGreaterThan(15);
  });

  test('the block size in bytes that the log implies is the formula’s, within the log’s own rounding', () => {
    const outside: string[] = [];
    for (const { id, arch, observed, block_size, tensor_parallel_size, kv_cache_dtype } of records) {
      if (arch === null) continue;
      const perToken = kvBytesPerToken(
        {
          numLayers: arch.num_hidden_layers,
          numKvHeads: arch.num_key_value_heads,
          headDim: arch.head_dim,
          mla: null,
        } as Parameters<typeof kvBytesPerToken>[0],
        tensor_parallel_size ?? 1,
        kv_cache_dtype?.startsWith('fp8') ? 1 : 2,
      );
      const blockGib = (perToken * (block_size ?? 16)) / 1024 ** 3;
      const predicted = observed.kv_cache_gib! / blockGib;
      const rounding = 0.0051 / blockGib + 1;
      if (Math.abs(predicted - observed.num_gpu_blocks!) > rounding) outside.push(id);
    }
    // Ranks with unequal room: the log's first rank is not the one that decided.
    expect(outside.length / records.length).toBeLessThan(0.1);
  });
});

describe('defaults by version and GPU', () => {
  test('today’s server on an A100, on an H100, and 0.6.3', () => {
    expect(started(`${LLAMA} --max-model-len 16384`).scheduler).toMatchObject({
      maxNumSeqs: 256,
      maxNumBatchedTokens: 2048,
      enableChunkedPrefill: true,
    });
    expect(started(LLAMA, 'h100').scheduler).toMatchObject({
      maxNumSeqs: 1024,
      maxNumBatchedTokens: 8192,
      maxModelLen: 131_072,
    });
    const old = started(`${LLAMA} --max-model-len 8192`, 'a100-80g', 'vllm: "0.6.3"\n');
    expect(old.scheduler).toMatchObject({
      maxNumSeqs: 256,
      maxNumBatchedTokens: 8192,
      enableChunkedPrefill: false,
    });
    expect(old.pool.enablePrefixCaching).toBe(false);
  });

  test('several partial prefills make a long one 4 % of max_model_len', () => {
    const { scheduler } = started(`${LLAMA} --max-model-len 10000 --max-num-partial-prefills 2`);
    expect(scheduler.longPrefillTokenThreshold).toBe(400);
  });

  test('the pool grows with the share of the GPU, and by nothing else than whole blocks', () => {
    const small = started(`${LLAMA} --max-model-len 4096 --gpu-memory-utilization 0.5`);
    const large = started(`${LLAMA} --max-model-len 4096 --gpu-memory-utilization 0.9`);
    const added = (large.pool.numGpuBlocks - small.pool.numGpuBlocks) * large.blockBytes;
    expect(Math.abs(added - 0.4 * 79.25 * 1024 ** 3)).toBeLessThan(2 * large.blockBytes);
  });

  test('12 GiB hold 15,728 slots of OPT-13B', () => {
    const bytes = 12 * 1024 ** 3;
    const { pool } = started(`vllm serve facebook/opt-13b --kv-cache-memory-bytes ${bytes}`);
    expect(pool.numGpuBlocks).toBe(Math.floor(bytes / 819_200 / 16));
    expect(Math.floor(bytes / 819_200)).toBe(15_728);
  });
});

describe('starts that fail, in vLLM’s words', () => {
  test.each([
    [
      `${LLAMA} --enable-expert-cache`,
      'a100-80g',
      'unrecognized-argument',
      'error: unrecognized arguments: --enable-expert-cache',
    ],
    // argparse stops at a bad value before it counts what it does not know
    [
      `${LLAMA} --enable-expert-cache --max-num-seqs x`,
      'a100-80g',
      'invalid-argument',
      "error: argument --max-num-seqs: invalid int value: 'x'",
    ],
    [
      `${LLAMA} --max-num-seqs 4096 --max-num-batched-tokens 2048`,
      'a100-80g',
      'invalid-argument',
      'must be greater than or equal to max_num_seqs (4096)',
    ],
    [
      `${LLAMA} --no-enable-chunked-prefill --max-num-batched-tokens 2048 --max-model-len 8192`,
      'a100-80g',
      'invalid-argument',
      'is smaller than max_model_len (8192)',
    ],
    [
      `${LLAMA} --tensor-parallel-size 3`,
      'a100-80g',
      'invalid-argument',
      'attention heads (32) must be divisible by tensor parallel size (3)',
    ],
    [`${LLAMA} --gpu-memory-utilization 1.5`, 'a100-80g', 'invalid-argument', 'gpu_memory_utilization'],
    [
      `${LLAMA} --max-num-seqs 0`,
      'a100-80g',
      'invalid-argument',
      'max_num_seqs: Input should be greater than or equal to 1',
    ],
    [LLAMA, 't4', 'weights-do-not-fit', 'CUDA out of memory'],
    [
      `${LLAMA} --gpu-memory-utilization 0.1`,
      'a100-80g',
      'no-kv-cache-memory',
      'No available memory for the cache blocks',
    ],
    [
      `${LLAMA} --num-gpu-blocks-override 0`,
      'a100-80g',
      'no-kv-cache-memory',
      'No available memory for the cache blocks',
    ],
    [
      LLAMA,
      'l4',
      'kv-cache-too-small',
      "To serve at least one request with the model's max seq len (131072)",
    ],
  ])('%s on %s: %s', (command, gpu, because, message) => {
    const result = planOf(command, gpu);
    if (result.starts) throw new Error('it starts');
    expect(result.because).toBe(because);
    expect(result.message).toContain(message);
    expect(result.advice).not.toBe('');
  });
});
