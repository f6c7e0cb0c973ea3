import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../../sim/catalog/gpus.ts';
import { LINKS } from '../../../sim/catalog/links.ts';
import { decodeAttention } from '../../../sim/time/decode-attention.ts';
import { elementwise } from '../../../sim/time/elementwise.ts';
import { allReduce, expertExchange } from '../../../sim/time/exchange.ts';
import { gemm } from '../../../sim/time/gemm.ts';
import { sampler } from '../../../sim/time/host.ts';
import { addPrefill, mixedAttention, noPrefill } from '../../../sim/time/mixed-attention.ts';
import { mixtureOfExperts, touchedExperts } from '../../../sim/time/moe.ts';
import { smoothMax } from '../../../sim/time/smooth-max.ts';

/* The formulas of docs/time.md, worked out by hand for a GPU of round numbers: 100 TFLOP/s, 1 TB/s, 100 SMs. */

const GPU: Gpu = {
  id: 'round',
  computeCapability: 8,
  tflops: 100,
  hbmTBs: 1,
  sms: 100,
  l2MB: 20,
  memoryGib: 40,
  memorySource: 'made for this test',
  link: 'pcie4',
  timingSource: 'made for this test',
  par: {
    sampler: { t0: 10e-6, perSequence: 1e-6 },
    gemm: { t0: 5e-6, ec: 0.5, em: 0.5, p: 1, w: 1, kh: 0, Tm: 128, Tn: 128, mt: 64 },
    elt: { t0: 2e-6, e: 0.5, r: 2 },
    dec: { t0: 10e-6, ea: 0.5, cs: 1e-9, tb: 1e-6, p: 1 },
    fa: { t0: 10e-6, ef: 0.5, lam: 0.5, lone: 1, p: 1, Mq: 64 },
    moe: { t0: 10e-6, em: 0.5, ec: 0.5, p: 1, cr: 0.1e-6 },
  },
};
const SHAPE = { queryHeads: 8, kvHeads: 2, headDim: 128, kvBytes: 2 };
const us = (seconds: number) => seconds * 1e6;

test('gemm 65 × 1,000 × 1,000: memory 4.52 us, 128 padded rows, 8 tiles of 100 slots at most 4 × dear', () => {
  // (2·1000·1000 + 2·65·2000) / 0.5e12 = 4.52 us; 2·128·1000·1000·4 / 50e12 = 20.48 us
  expect(us(gemm(GPU, 65, 1000, 1000, 2))).toBeCloseTo(5 + 4.52 + 20.48, 9);
});

test('8-bit weights: half the bytes, and twice the rate where there are FP8 tensor cores', () => {
  expect(us(gemm(GPU, 65, 1000, 1000, 1))).toBeCloseTo(5 + 2.52 + 20.48, 9);
  expect(us(gemm({ ...GPU, computeCapability: 8.9 }, 65, 1000, 1000, 1))).toBeCloseTo(5 + 2.52 + 10.24, 9);
});

test('element-wise: half of the L2 cache moves twice as fast as the rest', () => {
  expect(us(elementwise(GPU, 4e6))).toBeCloseTo(2 + 4, 9);
  expect(us(elementwise(GPU, 30e6))).toBeCloseTo(2 + 10 + 40, 9);
});

test('decode attention of 10 sequences of 500 tokens', () => {
  // 1 us · 10 · 2 / 100 + 2·2·2·128 bytes · 5000 / 0.5e12 + 1 ns · 500
  expect(us(decodeAttention(GPU, SHAPE, 10, 5000, 500))).toBeCloseTo(10 + 0.2 + 10.24 + 0.5, 9);
});

describe('mixed attention', () => {
  test('rows of a chunk: tiles before it, and the causal half of its own', () => {
    const prefill = noPrefill();
    addPrefill(GPU, prefill, 100, 300);
    // 2 tiles · 300 + min(64 · 2 · 3 / 2, 2 · 100)
    expect(prefill).toEqual({ rows: 792, context: 400, longest: 400 });
  });

  test('a chunk of 100 behind 300 and 10 decodes of 500', () => {
    const prefill = noPrefill();
    addPrefill(GPU, prefill, 100, 300);
    // rows 8 · (792 + 5010) = 46416; unit 4·64·128·100 / 50e12 = 65.536 ns; longest 500
    const compute = 0.065536 * (464.16 + 0.5 * 500);
    const memory = (1024 * (400 + 5000)) / 0.92e12;
    expect(us(mixedAttention(GPU, SHAPE, prefill, 10, 5000, 500))).toBeCloseTo(10 + compute + us(memory), 9);
    // From 75 decodes on, 100 SMs read the shared heads again: 4 query heads to a key.
    const many = mixedAttention(GPU, SHAPE, prefill, 75, 37500, 500);
    const rows = 8 * (792 + 37575);
    const bytes = 1024 * (400 + 4 * 37500);
    expect(us(many)).toBeCloseTo(10 + 0.065536 * (rows / 100 + 250) + bytes / 0.92e6, 6);
  });

  test('a lone tile takes its context; FlashAttention 3 packs the heads that share a key', () => {
    const prefill = noPrefill();
    addPrefill(GPU, prefill, 1, 0);
    const lone = mixedAttention(GPU, { ...SHAPE, queryHeads: 1, kvHeads: 1 }, prefill, 1, 9999, 9999);
    expect(us(lone)).toBeCloseTo(10 + 0.065536 * 9999 + (512 * 10000) / 0.92e6, 6);
    const fa3 = mixedAttention({ ...GPU, fa3: true }, SHAPE, prefill, 10, 50000, 5000);
    expect(fa3).toBeLessThan(mixedAttention(GPU, SHAPE, prefill, 10, 50000, 5000));
  });
});

test('experts: 8 of 64 for one token; rows are at least 16 an expert', () => {
  const shape = { hidden: 1000, width: 500, numExperts: 64, topK: 8, numLocal: 64, weightBytes: 2 };
  expect(touchedExperts(shape, 1)).toBeCloseTo(8, 9);
  expect(touchedExperts(shape, 10_000)).toBeCloseTo(64, 9);
  // 3·8·1000·500·2 / 0.5e12 = 48 us; 6·128·1000·500 / 50e12 = 7.68 us
  expect(us(mixtureOfExperts(GPU, shape, 1, 8))).toBeCloseTo(10 + 0.1 + 48 + 7.68, 9);
});

test('exchanges, and the sampler', () => {
  // 2 · 3/4 · 8 MB / 12 GB/s
  expect(us(allReduce(LINKS.pcie4, 4, 8e6))).toBeCloseTo(40 + 1000, 6);
  expect(allReduce(LINKS.pcie4, 1, 8e6)).toBe(0);
  expect(us(expertExchange(LINKS.nvlink4, 2, 300, 1000))).toBeCloseTo(2 * (4.2 + 1), 9);
  expect(us(sampler(GPU, 20))).toBeCloseTo(30, 9);
  expect(sampler(GPU, 0)).toBe(0);
});

test('smoothMax lies between the larger cost and the sum, and is symmetric', () => {
  const cost = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(cost, cost, fc.double({ min: 1, max: 9, noNaN: true }), (a, b, p) => {
      const result = smoothMax(a, b, p);
      expect(result).toBeGreaterThanOrEqual(Math.max(a, b) * (1 - 1e-12));
      expect(result).toBeLessThanOrEqual((a + b) * (1 + 1e-12));
      expect(result).toBe(smoothMax(b, a, p));
    }),
  );
  expect(smoothMax(3, 4, 2)).toBeCloseTo(5, 12);
});
