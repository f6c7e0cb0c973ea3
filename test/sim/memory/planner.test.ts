import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { defaultBlockSize } from '../../../sim/memory/block-size.ts';
import { kvBytesPerToken } from '../../../sim/memory/kv-cache.ts';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { gib } from '../../../sim/units.ts';

function planOf(command: string, gpu = 'a100-80g', more = ''): Plan {
  const count = /(?:tensor|data|pipeline)-parallel-size (\d+)/.exec(command)?.[1] ?? '1';
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

  test('0.6.3 chunks long contexts by itself, but none with adapters', () => {
    const chunks = (flags: string) =>
      started(`${LLAMA} --max-model-len 40000 ${flags}`, 'a100-80g', 'vllm: "0.6.3"\n').scheduler
        .enableChunkedPrefill;
    expect(chunks('')).toBe(true);
    expect(chunks('--enable-lora')).toBe(false);
  });

  test('slots of an adapter’s own words are V0’s', () => {
    const weights = (vllm: string, flags: string) =>
      started(`${LLAMA} --max-model-len 4096 --enable-lora ${flags}`, 'a100-80g', `vllm: "${vllm}"\n`)
        .ranks[0].weightBytes;
    const words = '--lora-extra-vocab-size 512';
    expect(weights('0.6.3', words)).toBeGreaterThan(weights('0.6.3', ''));
    expect(weights('0.6.3', '')).toBeGreaterThan(weights('2026-05', ''));
  });

  test.each([
    ['', true],
    ['--no-async-scheduling', false],
    [`--speculative-config '{"method": "eagle", "num_speculative_tokens": 3}'`, true],
    [`--speculative-config '{"method": "ngram", "num_speculative_tokens": 3}'`, false],
    [`--speculative-config '{"method": "ngram_gpu", "num_speculative_tokens": 3}'`, true],
    [`--speculative-config '{"method": "deepseek_mtp", "num_speculative_tokens": 1}'`, true],
    [`--speculative-config '{"model": "org/draft", "num_speculative_tokens": 3}'`, false],
    [`--async-scheduling --speculative-config '{"model": "org/draft", "num_speculative_tokens": 3}'`, true],
  ])('%s: async scheduling %s', (flags, isAsync) => {
    expect(started(`${LLAMA} ${flags}`).scheduler.asyncScheduling).toBe(isAsync);
  });

  test.each([
    ['{"method": "ngram", "num_speculative_tokens": 4}', 0, false, null],
    ['{"method": "suffix", "num_speculative_tokens": 4}', 0, false, null],
    ['{"model": "pkg.Drafter", "num_speculative_tokens": 4}', 0, false, null],
    ['{"method": "eagle3", "model": "org/head", "num_speculative_tokens": 4}', 4, true, null],
    ['{"method": "mtp", "num_speculative_tokens": 1}', 1, true, null],
    ['{"model": "yuhuili/EAGLE3-LLaMA3.1-Instruct-8B", "num_speculative_tokens": 4}', 4, true, null],
    // A model of its own takes a slot of each request; drafts made at once take theirs.
    ['{"model": "org/draft", "num_speculative_tokens": 4}', 4, false, 2048 - 64],
    ['{"model": "org/draft", "num_speculative_tokens": 4, "parallel_drafting": true}', 4, false, 2048 - 256],
    ['{"method": "dflash", "model": "org/head", "num_speculative_tokens": 4}', 4, true, 2048 - 192],
  ])('%s: look-ahead %i, eagle %s, budget of a step %s', (config, numLookaheadTokens, useEagle, budget) => {
    const command = `${LLAMA} --max-num-seqs 64 --speculative-config '${config}'`;
    expect(started(command).scheduler).toMatchObject({
      numLookaheadTokens,
      useEagle,
      maxNumScheduledTokens: budget,
    });
  });

  test('the default budget of a step is no more than all sequences can be long; one that is stated stands', () => {
    const few = `${LLAMA} --max-num-seqs 2 --max-model-len 512`;
    expect(started(few).scheduler.maxNumBatchedTokens).toBe(1024);
    expect(started(`${few} --max-num-batched-tokens 4096`).scheduler.maxNumBatchedTokens).toBe(4096);
  });

  test.each(['auto', '-1', 'AUTO'])(
    '--max-model-len %s takes what fits, at most what the model has',
    (length) => {
      const short = started(`${LLAMA} --max-model-len ${length}`, 'l4');
      const { maxModelLen } = short.scheduler;
      expect(short.maxConcurrency).toBeGreaterThanOrEqual(1);
      expect(short.notes).toContain(
        `--max-model-len auto: ${maxModelLen.toLocaleString('en-US')} of the model's 131,072 tokens fit`,
      );
      expect(planOf(`${LLAMA} --max-model-len ${maxModelLen}`, 'l4').starts).toBe(true);
      expect(planOf(`${LLAMA} --max-model-len ${maxModelLen + 1}`, 'l4')).toMatchObject({
        because: 'kv-cache-too-small',
      });
      expect(started(`${LLAMA} --max-model-len ${length}`, 'a100-80g').scheduler.maxModelLen).toBe(131_072);
    },
  );

  test('experts of several replicas that exchange batches of low latency: 256 tokens, no more sequences', () => {
    const of = (flags: string) =>
      started(
        `vllm serve Qwen/Qwen3-30B-A3B --data-parallel-size 2 --enable-expert-parallel ${flags}`,
        'h100',
      ).scheduler;
    expect(of('--all2all-backend deepep_low_latency')).toMatchObject({
      maxNumBatchedTokens: 256,
      maxNumSeqs: 256,
    });
    expect(of('--all2all-backend deepep_low_latency --max-num-batched-tokens 1024')).toMatchObject({
      maxNumBatchedTokens: 1024,
    });
    expect(of('--all2all-backend deepep_high_throughput')).toMatchObject({ maxNumBatchedTokens: 8192 });
  });

  test('--max-model-len auto: the batch is sized by the model’s own length; V0 does not know it', () => {
    const batch = (length: string) =>
      started(`${LLAMA} --no-enable-chunked-prefill --max-model-len ${length}`, 'l40s').scheduler
        .maxNumBatchedTokens;
    expect(batch('auto')).toBe(131_072);
    const refused = [
      planOf(`${LLAMA} --max-model-len auto`, 'l4', 'vllm: "0.6.3"'),
      planOf(`${LLAMA} --max-model-len -1`, 'l4', 'vllm: "0.6.3"'),
      planOf(`${LLAMA} --max-model-len 0`),
    ];
    expect(refused.map((result) => !result.starts && result.because)).toEqual(
      Array(3).fill('invalid-argument'),
    );
    expect(planOf('vllm serve meta-llama/Llama-3.1-70B --max-model-len auto', 'l4').starts).toBe(false);
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
      `${LLAMA} --async-scheduling --speculative-config '{"method": "ngram", "num_speculative_tokens": 3}'`,
      'a100-80g',
      'invalid-argument',
      'ValueError: Currently, async scheduling is only supported with EAGLE/MTP/Draft Model/NGram GPU',
    ],
    [
      `${LLAMA} --max-num-seqs 2048 --max-num-batched-tokens 2048 --speculative-config '{"model": "org/draft", "num_speculative_tokens": 3}'`,
      'a100-80g',
      'invalid-argument',
      'max_num_scheduled_tokens is set to 0 based on the speculative decoding settings',
    ],
    [
      `${LLAMA} --max-num-seqs 0`,
      'a100-80g',
      'invalid-argument',
      'max_num_seqs: Input should be greater than or equal to 1',
    ],
    [LLAMA, 't4', 'weights-do-not-fit', 'CUDA out of memory'],
    [`${LLAMA} --dtype bfloat16`, 't4', 'invalid-argument', 'Your Tesla T4 GPU has compute capability 7.5'],
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

describe('switches of the environment', () => {
  test('a length beyond the model’s own is allowed', () => {
    const command = `${LLAMA} --max-model-len 200000`;
    expect(planOf(command, 'h200').starts).toBe(false);
    for (const value of ['1', 'True']) {
      const env = `env: {VLLM_ALLOW_LONG_MAX_MODEL_LEN: "${value}"}\n`;
      expect(started(command, 'h200', env).scheduler.maxModelLen).toBe(200_000);
    }
    expect(planOf(command, 'h200', 'env: {VLLM_ALLOW_LONG_MAX_MODEL_LEN: "0"}\n').starts).toBe(false);
  });

  test('CUDA graphs are captured, but not counted', () => {
    const command = `VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS=0 HF_TOKEN=x ${LLAMA}`;
    const [counted, not] = [LLAMA, command].map((each) => started(each, 'h100'));
    expect(not.ranks[0].cudaGraphBytes).toBe(0);
    expect(not.pool.numGpuBlocks).toBeGreaterThan(counted.pool.numGpuBlocks);
    expect(not.notes).toContain('environment variables that are left out: HF_TOKEN');
  });
});

describe('other processes', () => {
  const withOthers = (command: string, hardware: string, vllm = '2026-05') =>
    plan(
      parseScenario(
        `version: 1\nvllm: "${vllm}"\ncommand: ${JSON.stringify(command)}\nhardware: ${hardware}\n`,
        's.yaml',
      ),
    );

  test('V1 asks for its share first, in its own words; the advice fits', () => {
    const result = withOthers(`${LLAMA} --max-model-len 4096`, '{gpu: a100-80g, other-gib: 10}');
    if (result.starts) throw new Error('it starts');
    expect(result.message).toBe(
      'ValueError: Free memory on device cuda:0 (68.9/79.25 GiB) on startup is less than desired GPU memory utilization (0.92, 72.91 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
    );
    expect(result.remedies.join()).toContain('--gpu-memory-utilization 0.86 or less');
    const command = `${LLAMA} --max-model-len 4096 --gpu-memory-utilization 0.86`;
    expect(withOthers(command, '{gpu: a100-80g, other-gib: 10}').starts).toBe(true);
  });

  test('one GPU of two is enough', () => {
    const command = `${LLAMA} --max-model-len 4096 --tensor-parallel-size 2`;
    const result = withOthers(command, '{gpu: a100-80g, count: 2, other-gib: [0, 20]}');
    if (result.starts) throw new Error('it starts');
    expect(result.message).toContain('cuda:1 (58.9/79.25 GiB)');
  });

  // Seed guide 001: a 606 MiB tensor that finds no room.
  test('V0 counts nobody else, and fails in the middle of its tensors', () => {
    const command = 'vllm serve THUDM/glm-4-9b-chat --max-model-len 8192';
    const result = withOthers(command, '{gpu: a6000, other-gib: 10}', '0.6.3');
    if (result.starts) throw new Error('it starts');
    expect(result.because).toBe('allocation-failed');
    expect(result.message).toMatch(
      /^torch.OutOfMemoryError: CUDA out of memory. Tried to allocate (\d+)\.00 MiB. GPU 0 has a total capacity of 44.55 GiB of which \d+\.\d\d MiB is free. Process 1 has 10.00 GiB memory in use. Including non-PyTorch memory, this process has 34/,
    );
    const share = /--gpu-memory-utilization (0\.\d+)/.exec(result.remedies.join())?.[1];
    const lower = `${command} --gpu-memory-utilization ${share}`;
    expect(withOthers(lower, '{gpu: a6000, other-gib: 10}', '0.6.3').starts).toBe(true);
  });
});

describe('memory by rank', () => {
  test('the budget is rounded up to a byte', () => {
    const { ranks } = started(`${LLAMA} --max-model-len 4096 --gpu-memory-utilization 0.333`);
    const share = ranks[0].totalBytes * 0.333;
    expect(share % 1).toBeGreaterThan(0);
    expect(ranks[0].budgetBytes).toBe(Math.floor(share) + 1);
  });

  test('dense replicas do not talk to each other; those that share experts do', () => {
    const outside = (model: string, replicas: number) => {
      const command = `vllm serve ${model} --max-model-len 4096 --data-parallel-size ${replicas}`;
      return started(command, 'h100').ranks[0].nonTorchBytes;
    };
    const [dense, experts] = ['meta-llama/Llama-3.1-8B', 'Qwen/Qwen3-30B-A3B'];
    expect(outside(dense, 2)).toBe(outside(dense, 1));
    expect(outside(experts, 2)).toBeGreaterThan(outside(experts, 1));
  });

  test('the parts of every rank are the budget, up to one block', () => {
    const { ranks, blockBytes } = started(
      'vllm serve Qwen/Qwen3-235B-A22B --tensor-parallel-size 8 --max-model-len 32768',
      'h100',
    );
    expect(ranks).toHaveLength(8);
    for (const rank of ranks) {
      const used =
        rank.weightBytes +
        rank.activationBytes +
        rank.nonTorchBytes +
        rank.cudaGraphBytes +
        rank.kvCacheBytes;
      expect(rank.budgetBytes - used).toBeGreaterThanOrEqual(0);
      expect(rank.budgetBytes - used).toBeLessThan(blockBytes);
    }
  });

  test('the first stage that cannot hold a request is the one that vLLM names', () => {
    const failed = planOf(`${LLAMA} --pipeline-parallel-size 2 --gpu-memory-utilization 0.5`, 'l4');
    const [first, last] = failed.ranks;
    expect(last.availableBytes).toBeLessThan(first.availableBytes);
    expect(failed).toMatchObject({
      starts: false,
      message: expect.stringContaining(`KV cache memory (${gib(first.availableBytes)} GiB)`),
    });
  });

  test('--max-model-len auto where not one token fits', () => {
    const command = `${LLAMA} --max-model-len auto --gpu-memory-utilization 0.66`;
    expect(planOf(command, 'l4')).toMatchObject({
      starts: false,
      because: 'no-kv-cache-memory',
      message: expect.stringContaining('Cannot auto-fit max_model_len'),
      notes: [],
    });
  });

  test('the smallest stage decides over all', () => {
    const command = 'vllm serve deepseek-ai/DeepSeek-V3 --tensor-parallel-size 8 --pipeline-parallel-size 2';
    const result = plan(
      parseScenario(
        `version: 1\ncommand: ${JSON.stringify(command)}\nhardware: {gpu: h200, count: 16}\n`,
        's.yaml',
      ),
    );
    if (!result.starts) throw new Error(result.message);
    const room = result.ranks.map((rank) => rank.numBlocks);
    expect(new Set(room).size).toBe(2);
    expect(result.pool.numGpuBlocks).toBe(Math.min(...room));
  });

  test('offloaded weights make room for as many bytes of KV cache', () => {
    const [none] = started(`${LLAMA} --max-model-len 4096`).ranks;
    const [some] = started(`${LLAMA} --max-model-len 4096 --cpu-offload-gb 4`).ranks;
    expect(some.offloadedBytes).toBe(4 * 1024 ** 3);
    expect(some.availableBytes - none.availableBytes).toBe(4 * 1024 ** 3);
  });

  test('swap space becomes CPU blocks in V0, and nothing in V1', () => {
    const command = 'vllm serve THUDM/glm-4-9b-chat --max-model-len 8192';
    expect(started(command, 'a100-80g', 'vllm: "0.6.3"\n').v0?.numCpuBlocks).toBe(6553);
    expect(started(`${command} --swap-space 16`, 'a100-80g', 'vllm: "0.6.3"\n').v0?.numCpuBlocks).toBe(
      26_214,
    );
    expect(started(command).v0).toBeNull();
  });

  test('hybrid models get groups, whose requests are counted over all of them', () => {
    const { pool, kvCacheTokens, maxConcurrency } = started('vllm serve openai/gpt-oss-20b', 'h100');
    expect(pool.groups.map(({ kind }) => kind)).toEqual(['sliding_window', 'full']);
    expect(kvCacheTokens).toBe(Math.floor(maxConcurrency * 131_072));
    const plain = started('vllm serve openai/gpt-oss-20b --disable-hybrid-kv-cache-manager', 'h100');
    expect(plain.pool.groups).toHaveLength(1);
    expect(plain.maxConcurrency).toBeLessThan(maxConcurrency);
  });

  test('decode context parallelism: as many times the tokens, in blocks of as many', () => {
    const command = 'vllm serve deepseek-ai/DeepSeek-V3 --tensor-parallel-size 8 --max-model-len 8192';
    const [alone, shared] = ['', '-dcp 8'].map((flags) => started(`${command} ${flags}`, 'h200'));
    expect(shared.pool.numGpuBlocks).toBe(alone.pool.numGpuBlocks);
    expect(shared.blockBytes).toBe(alone.blockBytes);
    expect(shared.kvCacheTokens).toBe(8 * alone.kvCacheTokens);
    expect(shared.pool).toMatchObject({ hashBlockSize: 128, groups: [{ kind: 'full', blockSize: 128 }] });
  });

  test.each([
    [
      '--tensor-parallel-size 8 -dcp 3',
      'deepseek-ai/DeepSeek-V3',
      'tp_size=8 must be divisible bydcp_size=3.',
    ],
    [
      '--tensor-parallel-size 2 -dcp 2',
      'meta-llama/Llama-3.1-8B',
      'must be greater than total num kv heads 8',
    ],
    [
      '--tensor-parallel-size 8 -dcp 8',
      'zai-org/glm-4-9b-chat',
      '(tensor parallel size 8 // total num kv heads 2) = 4, but got 8',
    ],
    [
      '--tensor-parallel-size 8 -dcp 2 --cp-kv-cache-interleave-size 32',
      'deepseek-ai/DeepSeek-V3',
      'Block_size(16) should be greater',
    ],
    ['--tensor-parallel-size 32 -dcp 2', 'openai/gpt-oss-20b', 'DCP not support sliding window.'],
  ])('%s of %s is refused as vLLM does', (flags, model, message) => {
    const refused = planOf(`vllm serve ${model} ${flags}`, 'h200');
    expect(refused).toMatchObject({ starts: false, message: expect.stringContaining(message) });
  });

  test('the kernel for MLA has its blocks: FlashAttention and Triton 16, FlashMLA 64', () => {
    const size = (gpu: string, flags = '') =>
      started(`vllm serve zai-org/GLM-4.7-Flash --max-model-len 8192 --enforce-eager ${flags}`, gpu).pool
        .hashBlockSize;
    expect([size('a100-80g'), size('h100'), size('h100', '--kv-cache-dtype fp8')]).toEqual([16, 16, 64]);
    expect(size('h100', '--attention-backend FLASHMLA')).toBe(64);
    expect(size('h100', '--attention-backend FLASHMLA --block-size 128')).toBe(128);
    expect(size('h100', '--attention-backend auto')).toBe(16);
  });

  test('FlashInfer’s and CUTLASS’s blocks on Blackwell; a sparse indexer’s wherever it runs; V0’s', () => {
    const of = (more: { indexDim?: number; nopeDim?: number }, generation: number, engine: 'v0' | 'v1') => {
      const model = parseModelConfig(findModel('DeepSeek-V3')!.config);
      if ('missing' in model) throw new Error('DeepSeek-V3');
      const gpu = { computeCapability: generation };
      return defaultBlockSize({ mla: { ...model.mla!, ...more } }, gpu, engine, 2);
    };
    expect([of({}, 8, 'v1'), of({}, 10, 'v1'), of({ nopeDim: 96 }, 10, 'v1'), of({}, 12, 'v1')]).toEqual([
      16, 32, 128, 16,
    ]);
    expect([of({ indexDim: 128 }, 8, 'v1'), of({ indexDim: 128 }, 9, 'v0')]).toEqual([64, 16]);
  });

  test('the log says what the plan says', () => {
    const { log, kvCacheTokens } = started(LLAMA, 'h100');
    expect(log).toContain(`GPU KV cache size: ${kvCacheTokens.toLocaleString('en-US')} tokens`);
    const old = started(`${LLAMA} --max-model-len 8192`, 'a100-80g', 'vllm: "0.6.3"\n');
    expect(old.log).toContain(
      `# GPU blocks: ${old.pool.numGpuBlocks}, # CPU blocks: ${old.v0?.numCpuBlocks}`,
    );
  });
});

describe('advice that is followed', () => {
  test('the length that is advised starts, one more does not', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('l4', 'a10', 'rtx4090'),
        fc.constantFrom('2026-05', '0.6.3'),
        fc.integer({ min: 88, max: 96 }),
        (gpu, vllm, share) => {
          const command = (length: number) =>
            `${LLAMA} --max-num-seqs 16 --max-num-batched-tokens 2048 --enable-chunked-prefill --gpu-memory-utilization 0.${share} --max-model-len ${length}`;
          const refused = planOf(command(131_072), gpu, `vllm: "${vllm}"\n`);
          if (refused.starts) throw new Error('it starts');
          const fits = Number(/--max-model-len (\d+) or less/.exec(refused.remedies.join())?.[1]);
          expect(planOf(command(fits), gpu, `vllm: "${vllm}"\n`).starts).toBe(true);
          expect(planOf(command(fits + 1), gpu, `vllm: "${vllm}"\n`).starts).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('the share that is advised starts', () => {
    const command = (share: string) => `${LLAMA} --max-model-len 4096 --gpu-memory-utilization ${share}`;
    const refused = planOf(command('0.15'));
    if (refused.starts) throw new Error('it starts');
    const enough = /--gpu-memory-utilization (0\.\d+) or more/.exec(refused.remedies.join())?.[1] ?? '';
    expect(planOf(command(enough)).starts).toBe(true);
    expect(planOf(command((Number(enough) - 0.02).toFixed(2))).starts).toBe(false);
  });
});

describe('what is not modelled is said, not guessed', () => {
  const config = {
    num_hidden_layers: 4,
    hidden_size: 64,
    num_attention_heads: 4,
    vocab_size: 100,
    max_position_embeddings: 512,
    intermediate_size: 128,
  };
  const planConfig = (more: object) => {
    const options = { readFile: () => JSON.stringify({ ...config, ...more }) };
    const text = 'version: 1\ncommand: vllm serve x\nhardware: {gpu: t4}\nmodel: {config: config.json}\n';
    return plan(parseScenario(text, 's.yaml', options));
  };

  test('any config.json of a known kind', () => expect(planConfig({}).starts).toBe(true));

  test.each([
    [{ num_hidden_layers: 1e9 }, 'num_hidden_layers'],
    [{ num_hidden_layers: 1.5 }, 'num_hidden_layers'],
    [{ layer_types: ['linear_attention', 'full_attention'] }, 'linear_attention'],
    [{ mamba_d_state: 16 }, 'mamba_d_state'],
    [{ is_encoder_decoder: true }, 'cross-attention'],
    [{ quantization_config: { quant_method: 'quip' } }, 'quantized by quip'],
  ])('%j', (more, message) => {
    expect(() => planConfig(more)).toThrowError(message);
  });
});
