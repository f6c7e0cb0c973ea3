import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../sim/catalog/architecture.ts';
import type { Link } from '../../../sim/catalog/links.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { activationPeak } from '../../../sim/memory/activation.ts';
import { cublasWorkspaceBytes } from '../../../sim/memory/cublas.ts';
import { cudaGraphBytes } from '../../../sim/memory/cuda-graphs.ts';
import { usualGraphs } from '../../../sim/memory/graph-capture.ts';
import { outsideTorch } from '../../../sim/memory/outside-torch.ts';
import { rulesOfRelease } from '../../../sim/memory/rules.ts';
import { bytesPerLogit } from '../../../sim/memory/sampler-bytes.ts';
import { GIB } from '../../../sim/units.ts';
import { recordModel } from '../../../sim/verify/capacity-model.ts';
import { parseCapacityRecords } from '../../../sim/verify/capacity-record.ts';
import { ONE_GPU } from './one-gpu.ts';

const V0 = rulesOfRelease('v0', [0, 8, 0]);
const V1 = rulesOfRelease('v1', [0, 22, 0]);

function architecture(name: string): Architecture {
  const parsed = parseModelConfig(findModel(name)!.config);
  if ('missing' in parsed) throw new Error(name);
  return parsed;
}

const records = parseCapacityRecords(
  readFileSync(new URL('../../capacity/records.jsonl', import.meta.url), 'utf8'),
  'records.jsonl',
);

describe('peaks that V0 logged, of text models whose limits it states', () => {
  const dense = records.filter(
    ({ arch, engine, observed, max_num_seqs: seqs, max_num_batched_tokens: tokens }) =>
      engine === 'v0' &&
      observed.activation_peak_gib !== undefined &&
      arch?.kind === 'dense' &&
      !arch.multimodal &&
      seqs !== null &&
      tokens !== null,
  );

  test('there are some', () => expect(dense.length).toBeGreaterThanOrEqual(9));

  test.each(dense.map((record) => [record.id, record] as const))('%s within 0.03 GiB', (_, record) => {
    const model = recordModel(record)!;
    const { bytes } = activationPeak(model, { ...ONE_GPU, tensor: record.tensor_parallel_size ?? 1 }, V0, {
      tokens: record.max_num_batched_tokens!,
      sequences: record.max_num_seqs!,
      samples: true,
      encodes: true,
      computeCapability: 8,
    });
    expect(Math.abs(bytes / GIB - record.observed.activation_peak_gib!)).toBeLessThan(0.03);
  });
});

test('a long prompt is the MLP’s: 110,592 bytes a token of Llama 3.1 8B', () => {
  const peak = (tokens: number) =>
    activationPeak(architecture('Llama-3.1-8B'), ONE_GPU, V0, {
      tokens,
      sequences: 1,
      samples: true,
      encodes: true,
      computeCapability: 8,
    });
  expect(peak(29_000).bytes - peak(20_000).bytes).toBe(9000 * 110_592);
  expect(peak(29_000).bytes / GIB).toBeCloseTo(2.99, 1);
});

test('fused experts: V0 held three workspaces, V1 shares the first with the last (Mixtral, 8192 tokens)', () => {
  const mlp = (rules: typeof V0) =>
    activationPeak(architecture('Mixtral-8x7B-v0.1'), ONE_GPU, rules, {
      tokens: 8192,
      sequences: 1,
      samples: true,
      encodes: true,
      computeCapability: 8,
    }).mlp -
    3 * 4096 * 8192 * 2 -
    cublasWorkspaceBytes(8);
  expect(mlp(V0) / 1024 ** 2).toBe(896 + 448 + 128);
  expect(mlp(V1) / 1024 ** 2).toBe(448 + 896);
});

test('today’s workspace stays while the sampler runs: 0.5 GiB of Qwen3-30B-A3B at 8192 tokens', () => {
  const peak = (release: number[]) =>
    activationPeak(architecture('Qwen3-30B-A3B'), ONE_GPU, rulesOfRelease('v1', release), {
      tokens: 8192,
      sequences: 1024,
      samples: true,
      encodes: true,
      computeCapability: 8,
    }).bytes / GIB;
  // Records r053 and r001 before, r024 after: 5.58, 5.64 and 6.26 GiB of everything that is no weight.
  expect(peak([0, 12, 0])).toBeCloseTo(5.55, 1);
  expect(peak([0, 15, 0]) - peak([0, 12, 0])).toBeCloseTo(0.5, 5);
});

test('only the last stage samples, only the first encodes', () => {
  const gemma = architecture('gemma-3-27b-it');
  const batch = { tokens: 2048, sequences: 256, computeCapability: 8 };
  const middle = activationPeak(gemma, ONE_GPU, V1, { ...batch, samples: false, encodes: false });
  const both = activationPeak(gemma, ONE_GPU, V1, { ...batch, samples: true, encodes: true });
  expect(middle.encoder).toBe(0);
  expect(middle.sampler).toBeLessThan(both.sampler / 10);
  expect(both.encoder).toBeGreaterThan(0.5 * GIB);
});

describe('CUDA graphs', () => {
  const graphs = (maxNumSeqs: number, maxNumBatchedTokens: number) =>
    usualGraphs({ maxNumSeqs, maxNumBatchedTokens });

  test.each([
    [80, 1024, 16_384, 0.91],
    [80, 256, 8192, 0.81],
    [48, 64, 8192, 0.14],
    [36, 30, 2048, 0.08],
  ])('%i layers, %i sequences: about %d GiB as estimated', (layers, seqs, tokens, expected) => {
    expect(Math.abs(cudaGraphBytes(layers, graphs(seqs, tokens)) / GIB - expected)).toBeLessThan(0.06);
  });

  test('a graph of few layers counts for 1 MiB', () => {
    expect(cudaGraphBytes(4, graphs(8, 2048))).toBe((5 + 4) * 1024 ** 2);
  });
});

describe('bytes per logit', () => {
  test('sorting holds 38, and 50 where the rows are too few to be sorted apart', () => {
    const of = (rows: number) => bytesPerLogit({ sortsLogits: true }, rows);
    expect([1, 2, 127, 128, 1024].map(of)).toEqual([38, 50, 50, 38, 38]);
    expect(bytesPerLogit({ sortsLogits: false }, 64)).toBe(14);
  });

  // Unsloth's table of profiling runs (unsloth_zoo/vllm_utils.py): Qwen3-4B, 8192 tokens, V1 before 0.16.
  test.each([
    [256, 1.45],
    [512, 2.83],
    [1024, 5.59],
    [2048, 11.11],
  ])('%i sequences of a run that is in no record: %d GiB', (sequences, measured) => {
    const { bytes } = activationPeak(architecture('Qwen3-4B'), ONE_GPU, rulesOfRelease('v1', [0, 10, 0]), {
      tokens: 8192,
      sequences,
      samples: true,
      encodes: true,
      computeCapability: 8,
    });
    expect(Math.abs(bytes / GIB / measured - 1)).toBeLessThan(0.02);
  });
});

describe('outside torch', () => {
  const nccl = (link: Link, ranks = 8, release = [0, 22, 0]) =>
    outsideTorch(ranks, link, rulesOfRelease('v1', release)).counted / GIB;

  test('little on one GPU, whatever its link', () => {
    expect(nccl('nvlink4', 1)).toBeLessThan(0.1);
    expect(nccl('pcie4', 1)).toBe(nccl('nvlink4', 1));
  });

  test('more on NVLink than on PCIe, most with a switch', () => {
    expect(nccl('nvlink3')).toBeGreaterThan(nccl('pcie4'));
    expect(nccl('nvlink4')).toBeGreaterThan(nccl('nvlink3'));
    expect(nccl('nvlink4')).toBeGreaterThan(nccl('nvlink4', 4));
  });

  test('no more for GPUs of other nodes', () => {
    expect(nccl('nvlink4', 64)).toBe(nccl('nvlink4'));
  });

  // Records r005 and r006 before, r066 and r070 after: what they leave beside weights and activations.
  test('what NCCL sets up before vLLM looks counts in releases before 0.11 only, and is there all the same', () => {
    expect(nccl('nvlink4', 8, [0, 10, 2])).toBeCloseTo(2.2, 1);
    expect(nccl('nvlink4', 8, [0, 11, 0])).toBeCloseTo(1.05, 1);
    const all = (release: number[]) => {
      const { counted, uncounted } = outsideTorch(8, 'nvlink4', rulesOfRelease('v1', release));
      return counted + uncounted;
    };
    expect(all([0, 11, 0])).toBe(all([0, 10, 2]));
    expect(all([0, 8, 3])).toBe(all([0, 10, 2]));
  });

  test.each([
    ['r115', 'nvlink3', 4],
    ['r146', 'pcie4', 8],
  ] as const)('%s, whose model is not predicted, within 0.1 GiB', (id, link, ranks) => {
    const logged = records.find((record) => record.id === id)!.observed.non_torch_gib!;
    expect(Math.abs(outsideTorch(ranks, link, V0).counted / GIB - logged)).toBeLessThan(0.1);
  });
});
