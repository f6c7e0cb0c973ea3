import type { RunFigure } from './time-run.ts';

/*
 * The errors that the prototype in semantics/time.md §3 reached on the same kind of data; shares, absolute for
 * kernels, signed for runs ("+ 11 us/seq").
 */

/** "GPU operation" → median and p90. */
export const PUBLISHED_KERNELS: Readonly<Record<string, readonly [median: number, p90: number | null]>> = {
  'A100-80G-SXM gemm': [0.044, 0.13],
  'A40 gemm': [0.051, 0.15],
  'H100-SXM gemm': [0.058, 0.18],
  'H100-v0 gemm': [0.052, 0.15],
  'A6000 gemm': [0.056, 0.16],
  'RTX3090 gemm': [0.073, 0.21],
  'RTX4090 gemm': [0.026, 0.057],
  'RTXPRO6000 gemm': [0.054, 0.16],
  'RTX4090 decode': [0.075, 0.19],
  'RTXPRO6000 decode': [0.046, 0.14],
  'H100-SXM decode': [0.026, 0.14],
  'RTX4090 skewed decode': [0.09, null],
  'RTXPRO6000 skewed decode': [0.09, null],
  'RTXPRO6000 prefill': [0.071, 0.18],
  'RTX4090 prefill': [0.27, 0.72],
  'A6000 prefill': [0.056, 0.26],
  'H100-SXM prefill': [0.023, 0.05],
  'RTX4090 mixed': [0.108, 0.45],
  'RTXPRO6000 mixed': [0.101, 0.36],
  'RTXPRO6000 moe': [0.041, 0.15],
  'A100-80G-SXM elementwise': [0.27, 0.8],
  'A40 elementwise': [0.27, 0.8],
  'H100-SXM elementwise': [0.27, 0.8],
  'RTX4090 elementwise': [0.27, 0.8],
  'RTXPRO6000 elementwise': [0.27, 0.8],
  'RTX4090 sampler': [0.12, null],
  'RTXPRO6000 sampler': [0.12, null],
};

/** "model on gpu layout" → signed errors; on two GPUs, those with the link that was calibrated on the run of Qwen3-32B. */
export const PUBLISHED_RUNS: Readonly<Record<string, Partial<Readonly<Record<RunFigure, number>>>>> = {
  'Llama-3.1-8B on rtx4090': {
    throughput: -0.017,
    makespan: 0.018,
    'TTFT mean': 0.021,
    'TTFT p50': 0.002,
    'TTFT p99': 0.027,
    'TPOT mean': 0.01,
    'TPOT p50': 0.017,
    'TPOT p99': 0.004,
    'E2E mean': 0.018,
    'E2E p99': 0.026,
  },
  'Llama-3.1-8B on rtxpro6000': {
    throughput: 0.015,
    makespan: -0.015,
    'TTFT mean': -0.021,
    'TTFT p50': -0.066,
    'TTFT p99': -0.004,
    'TPOT mean': -0.003,
    'TPOT p50': 0.01,
    'TPOT p99': 0.014,
    'E2E mean': -0.008,
    'E2E p99': -0.006,
  },
  'Qwen3-32B on rtxpro6000 tp2': {
    throughput: 0.012,
    makespan: -0.012,
    'TTFT mean': 0.004,
    'TTFT p50': 0.002,
    'TTFT p99': -0.013,
    'TPOT mean': -0.019,
    'TPOT p50': -0.018,
    'TPOT p99': -0.004,
    'E2E mean': -0.01,
    'E2E p99': -0.018,
  },
  'Qwen3-30B-A3B on rtxpro6000 dp2': {
    throughput: 0.006,
    makespan: -0.006,
    'TTFT mean': 0.033,
    'TTFT p50': -0.036,
    'TTFT p99': 0.048,
    'TPOT mean': 0.013,
    'TPOT p50': 0.014,
    'TPOT p99': 0.009,
    'E2E mean': 0.014,
    'E2E p99': 0.012,
  },
};

/** GPU → median and largest error of TPOT over the stages of load tests. */
export const PUBLISHED_LOAD_TESTS: Readonly<Record<string, readonly [median: number, largest: number]>> = {
  'h100-sxm': [0.031, 0.24],
  'a100-80g-sxm': [0.079, 0.22],
  l40s: [0.18, 0.29],
};

/** An error may be a tenth larger than the published one, and a percentage point. */
export function limitOf(published: number): number {
  return 1.1 * Math.abs(published) + 0.01;
}
