import type { Gpu } from '../catalog/gpus.ts';
import { pow } from '../math/portable.ts';

/*
 * How long single kernels take, seconds. The formulas and their constants were fitted to measured kernels;
 * docs/time.md says on which GPUs and how well. M, N, K are rows, columns and depth of a matrix product.
 */

/** A smooth maximum of two costs that overlap. */
function smoothMax(a: number, b: number, p: number): number {
  if (a <= 0) return b;
  if (b <= 0) return a;
  const [small, large] = a < b ? [a, b] : [b, a];
  return large * pow(1 + pow(small / large, p), 1 / p);
}

/** C[M,N] = A[M,K] W[K,N] with weights of `weightBytes` each: memory, tiles in waves, and a fixed start. */
export function gemm(gpu: Gpu, m: number, k: number, n: number, weightBytes: number): number {
  const { t0, ec, em, p, w, kh, Tm, Tn, mt } = gpu.par.gemm;
  const flops = gpu.tflops * 1e12 * (weightBytes === 1 && hasFp8(gpu) ? 2 : 1);
  const memory = (weightBytes * k * n + 2 * m * (k + n)) / (gpu.hbmTBs * 1e12 * em);
  const tiles = Math.ceil(m / Tm) * Math.ceil(n / Tn);
  const waves = Math.ceil(tiles / gpu.sms) * gpu.sms;
  const quantization = pow(Math.min(4, waves / tiles), w);
  const compute = (2 * Math.ceil(m / mt) * mt * k * n * quantization * (1 + kh / k)) / (flops * ec);
  return t0 + smoothMax(memory, compute, p);
}

/** FP8 tensor cores came with Ada, Hopper and Blackwell. */
function hasFp8(gpu: Gpu): boolean {
  return /^(rtx4|l4|h100|h200|b200|rtxpro6000)/.test(gpu.id);
}

/** An element-wise kernel that moves `bytes`: what fits into half of the L2 cache moves faster. */
export function elementwise(gpu: Gpu, bytes: number): number {
  const { t0, e, r } = gpu.par.elt;
  const bandwidth = gpu.hbmTBs * 1e12 * e;
  const halfL2 = (gpu.l2MB * 1e6) / 2;
  return t0 + Math.min(bytes, halfL2) / (bandwidth * r) + Math.max(0, bytes - halfL2) / bandwidth;
}

/** Heads per rank, and bytes per cached value. */
export interface AttentionShape {
  readonly queryHeads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly kvBytes: number;
}

/** Decode attention of n sequences: the sum of their contexts decides, not the longest. */
export function decodeAttention(
  gpu: Gpu,
  a: AttentionShape,
  n: number,
  contextSum: number,
  longest: number,
): number {
  const { t0, ea, cs, tb, p } = gpu.par.dec;
  const memory = (2 * a.kvBytes * a.kvHeads * a.headDim * contextSum) / (gpu.hbmTBs * 1e12 * ea);
  return t0 + (tb * n * a.kvHeads) / gpu.sms + smoothMax(memory, cs * longest, p);
}

/** What a mixed batch asks of attention, besides its decodes. */
export interface PrefillRows {
  /** Query-tile rows of the prefill chunks, per head. */
  rows: number;
  /** Tokens that the chunks read, new and cached. */
  context: number;
  /** Longest of them. */
  longest: number;
}

/** Adds a chunk of `c` new tokens behind `k` cached ones. */
export function addPrefill(gpu: Gpu, into: PrefillRows, c: number, k: number): void {
  const { Mq } = gpu.par.fa;
  const blocks = Math.ceil(c / Mq);
  into.rows += blocks * k + Math.min((Mq * blocks * (blocks + 1)) / 2, blocks * c);
  into.context += k + c;
  if (k + c > into.longest) into.longest = k + c;
}

/**
 * Prefill or mixed attention is one kernel, in which each decode occupies a padded tile of Mq query rows per
 * query head without splitting its context: so a small chunk makes the decodes beside it dearer.
 */
export function mixedAttention(
  gpu: Gpu,
  a: AttentionShape,
  prefill: PrefillRows,
  numDecodes: number,
  decodeContext: number,
  longestDecode: number,
): number {
  const { t0, ef, lam, p, Mq } = gpu.par.fa;
  const flops = gpu.tflops * 1e12;
  const decodeHeads = gpu.fa3 ? a.kvHeads : a.queryHeads;
  const rows = a.queryHeads * prefill.rows + decodeHeads * (decodeContext + numDecodes);
  const longest = gpu.fa3 ? prefill.longest : Math.max(prefill.longest, longestDecode);
  const unit = (4 * Mq * a.headDim * gpu.sms) / (flops * ef);
  const compute = Math.max(unit * (rows / gpu.sms + lam * longest), unit * longest);
  // With enough decodes the shared heads no longer meet in the L2 cache.
  const reread = !gpu.fa3 && numDecodes >= 0.75 * gpu.sms ? a.queryHeads / a.kvHeads : 1;
  const bytes = 2 * a.kvBytes * a.kvHeads * a.headDim * (prefill.context + reread * decodeContext);
  return t0 + smoothMax(compute, bytes / (0.92 * gpu.hbmTBs * 1e12), p);
}

/** The experts of one layer for M tokens; routing is taken as uniform. */
export function mixtureOfExperts(
  gpu: Gpu,
  tokens: number,
  hidden: number,
  expertSize: number,
  numExperts: number,
  topK: number,
  weightBytes: number,
): number {
  const { t0, em, ec, p, cr } = gpu.par.moe;
  const touched = numExperts * (1 - pow(1 - topK / numExperts, tokens));
  const rows = Math.max(tokens * topK, 16 * touched);
  const memory = (3 * touched * hidden * expertSize * weightBytes) / (gpu.hbmTBs * 1e12 * em);
  const compute = (6 * rows * hidden * expertSize) / (gpu.tflops * 1e12 * ec);
  return t0 + cr * tokens + smoothMax(memory, compute, p);
}

/** Start-up (for 2, 4, 8 ranks) and bus bandwidth of an all-reduce. Fitted or assumed as docs/time.md says. */
const LINKS = {
  nvlink4: { alpha: [4.2e-6, 5.4e-6, 7.2e-6], busGBs: 300 },
  nvlink3: { alpha: [4.8e-6, 6.6e-6, 9e-6], busGBs: 180 },
  pcie5: { alpha: [25e-6, 40e-6, 80e-6], busGBs: 14 },
  pcie4: { alpha: [20e-6, 40e-6, 80e-6], busGBs: 12 },
} as const;

export function allReduce(gpu: Gpu, ranks: number, bytes: number): number {
  if (ranks === 1) return 0;
  const { alpha, busGBs } = LINKS[gpu.link];
  const start = ranks <= 2 ? alpha[0] : ranks <= 4 ? alpha[1] : alpha[2];
  return start + ((2 * (ranks - 1)) / ranks) * (bytes / (busGBs * 1e9));
}
