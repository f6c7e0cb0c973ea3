import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { activationPeak } from '../../../sim/memory/activation.ts';
import { cudaGraphBytes } from '../../../sim/memory/cuda-graphs.ts';
import { usualGraphs } from '../../../sim/memory/graph-capture.ts';
import { outsideTorchBytes } from '../../../sim/memory/outside-torch.ts';
import { ONE_GPU } from '../../../sim/memory/parallel.ts';
import { rulesOfRelease } from '../../../sim/memory/rules.ts';
import { GIB } from '../../../sim/units.ts';
import { recordModel } from '../../../sim/verify/capacity-model.ts';
import { parseCapacityRecords } from '../../../sim/verify/capacity-record.ts';

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

  test.each(dense.map((record) => [record.id, record] as const))('%s within 0.06 GiB', (_, record) => {
    const model = recordModel(record)!;
    const { bytes } = activationPeak(model, { ...ONE_GPU, tensor: record.tensor_parallel_size ?? 1 }, V0, {
      tokens: record.max_num_batched_tokens!,
      sequences: record.max_num_seqs!,
      samples: true,
      encodes: true,
    });
    expect(Math.abs(bytes / GIB - record.observed.activation_peak_gib!)).toBeLessThan(0.06);
  });
});

test('a long prompt is the MLP’s: 110,592 bytes a token of Llama 3.1 8B', () => {
  const peak = (tokens: number) =>
    activationPeak(architecture('Llama-3.1-8B'), ONE_GPU, V0, {
      tokens,
      sequences: 1,
      samples: true,
      encodes: true,
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
    }).mlp -
    3 * 4096 * 8192 * 2;
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
    }).bytes / GIB;
  // Records r053 and r001 before, r024 after: 5.58, 5.64 and 6.26 GiB of everything that is no weight.
  expect(peak([0, 12, 0])).toBeCloseTo(5.64, 1);
  expect(peak([0, 15, 0]) - peak([0, 12, 0])).toBeCloseTo(0.5, 5);
});

test('only the last stage samples, only the first encodes', () => {
  const gemma = architecture('gemma-3-27b-it');
  const batch = { tokens: 2048, sequences: 256 };
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

test('outside torch: little on one GPU, more on NVLink than on PCIe', () => {
  expect(outsideTorchBytes(1, 'pcie4', false)).toBeLessThan(0.1 * GIB);
  expect(outsideTorchBytes(1, 'pcie4', true)).toBeGreaterThan(0.3 * GIB);
  expect(outsideTorchBytes(8, 'nvlink4', false)).toBeGreaterThan(outsideTorchBytes(8, 'pcie4', false));
});
