import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activationPeak } from '../../../sim/memory/activation.ts';
import { placesOf } from '../../../sim/memory/parallel.ts';
import { rulesOf } from '../../../sim/memory/rules.ts';
import { weightFormat } from '../../../sim/memory/weight-format.ts';
import { rankWeights } from '../../../sim/memory/weights.ts';
import { DEFAULT_BALANCER } from '../../../sim/moe/eplb.ts';
import {
  communicationBytes,
  expertMemory,
  leftOnHost,
  lowLatencyBytes,
} from '../../../sim/moe/expert-memory.ts';
import { offloadedShares } from '../../../sim/moe/offload.ts';
import type { MoeShape } from '../../../sim/moe/shape.ts';
import { routingTensors, stepBuffers } from '../../../sim/moe/step-buffers.ts';
import { workspaceTensors } from '../../../sim/moe/workspace.ts';
import { GIB, MIB } from '../../../sim/units.ts';
import { architectureOf, shapeOf, smallShape } from './shapes.ts';

const workspaceBytes = (shape: MoeShape, tokens: number) =>
  workspaceTensors(shape, tokens).reduce((sum, bytes) => sum + bytes, 0);

describe('published and worked figures (moe.md)', () => {
  test.each([
    ['Qwen/Qwen3-30B-A3B', {}, 256 + 256],
    ['mistralai/Mixtral-8x7B-v0.1', {}, 448 + 896],
    ['zai-org/GLM-4.7-Flash', { tensor: 4 }, 128 + 128],
  ])('V1 workspace of %s for 8192 tokens', (name, parallel, mib) => {
    expect(workspaceBytes(shapeOf(name, parallel), 8192) / MIB).toBe(mib);
  });

  test('V0: three tensors, and tokens in chunks', () => {
    const shape = shapeOf('mistralai/Mixtral-8x7B-v0.1', {}, { engine: 'v0' });
    expect(workspaceBytes(shape, 8192) / MIB).toBe(896 + 448 + 128);
    expect(workspaceBytes(shape, 100_000)).toBe(workspaceBytes(shape, 32_768));
  });

  test.each([
    [2048, 35.55],
    [1856, 32.21],
    [1840, 31.94],
    [1536, 26.66],
  ])('DeepEP low latency, %i tokens (vllm#57894)', (maxTokens, gib) => {
    const bytes = lowLatencyBytes({ hiddenSize: 5120, maxTokens, numExperts: 448, redundant: 0 });
    expect(bytes / GIB).toBeCloseTo(gib, 2);
  });

  test('DeepEP has a buffer for NVLink, one more across nodes, and its low-latency mode one of its own', () => {
    const of = (more: Parameters<typeof smallShape>[0]) => {
      const shape = smallShape({ spread: true, replicas: 2, ranks: 8, ...more });
      return { bytes: communicationBytes(shape), lowLatency: lowLatencyBytes(shape) };
    };
    expect(of({ allToAll: 'allgather' }).bytes).toBe(0);
    expect(of({ allToAll: 'deepep-high-throughput', replicas: 1 }).bytes).toBe(0);
    expect(of({ allToAll: 'deepep-high-throughput' }).bytes).toBe(GIB);
    expect(of({ allToAll: 'deepep-high-throughput', ranks: 9 }).bytes).toBe(2 * GIB);
    const { bytes, lowLatency } = of({ allToAll: 'deepep-low-latency' });
    expect(lowLatency).toBeGreaterThan(0);
    expect(bytes).toBe(GIB + lowLatency);
  });

  test("DeepSeek-V3's load balancer at EP 8", () => {
    const shape = shapeOf('deepseek-ai/DeepSeek-V3', { tensor: 8, experts: true, redundantExperts: 32 });
    const [{ balancer, transfer, numExperts }] = expertMemory(shape, DEFAULT_BALANCER, null);
    expect(numExperts).toBe(36);
    expect(transfer / MIB).toBeCloseTo(36 * 42, -1);
    // Window 63.7 MiB and map 116 MiB; the others are below one.
    expect(balancer / MIB).toBeCloseTo(63.7 + 116, -0.5);
  });

  test('routing tensors are small beside the workspace', () => {
    const shape = shapeOf('Qwen/Qwen3-30B-A3B');
    const bytes = routingTensors(shape, 8192, 8192).reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeLessThan(0.01 * workspaceBytes(shape, 8192));
  });
});

describe.each([
  ['tensor', { tensor: 4, pipeline: 2, data: 1, experts: false }],
  ['expert', { tensor: 4, pipeline: 2, data: 2, experts: true, redundantExperts: 3 }],
])('%s parallelism', (_, parallel) => {
  test('expert weights are those of the plan', () => {
    const architecture = architectureOf('zai-org/GLM-4.7-Flash');
    const format = weightFormat(null, null, 2)!;
    const shape = shapeOf('zai-org/GLM-4.7-Flash', parallel);
    const memory = expertMemory(shape, null, null);
    for (const place of placesOf(parallel)) {
      const rank = place.replica * parallel.tensor + place.tensorRank;
      const row = memory.find((row) => row.stage === place.stage && row.rank === rank);
      expect(row?.experts).toBe(rankWeights(architecture, parallel, place, format).experts);
    }
  });

  test("the largest batch fits the plan's profile", () => {
    const shape = shapeOf('zai-org/GLM-4.7-Flash', { ...parallel, data: 1 });
    const peak = activationPeak(
      architectureOf('zai-org/GLM-4.7-Flash'),
      { ...parallel, data: 1 },
      rulesOf('2026-05'),
      { tokens: 8192, sequences: 256, samples: true, encodes: true, computeCapability: 9 },
    );
    expect(workspaceBytes(shape, 8192)).toBeLessThanOrEqual(peak.mlp);
  });
});

test('buffers grow with the tokens, and DeepEP receives only what its experts compute', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8192 }),
      fc.integer({ min: 0, max: 4096 }),
      fc.constantFrom('allgather' as const, 'deepep-high-throughput' as const),
      (tokens, more, allToAll) => {
        const shape = shapeOf('Qwen/Qwen3-30B-A3B', { tensor: 1, data: 4, experts: true }, { allToAll });
        const rows = (t: number) => (t * shape.replicas * shape.topK) / shape.ranks;
        const small = stepBuffers(shape, tokens, rows(tokens));
        const large = stepBuffers(shape, tokens + more, rows(tokens + more));
        expect(large.total).toBeGreaterThanOrEqual(small.total);
        expect(stepBuffers(shape, tokens, 2 * rows(tokens)).total).toBeGreaterThanOrEqual(small.total);
      },
    ),
  );
});

test('a cache holds its slots, the host has the rest', () => {
  const shape = smallShape();
  const offload = { slots: 10, shares: [1, 1, 1] };
  for (const { experts, onHost } of expertMemory(shape, null, offload)) {
    expect(experts).toBe(3 * 10 * shape.expertBytes);
    expect(onHost).toBe(3 * 22 * shape.expertBytes);
  }
  expect(leftOnHost(shape, 10)).toBe(3 * 22 * shape.expertBytes);
  expect(leftOnHost(shape, 64)).toBe(0);
});

test('--cpu-offload-gb moves whole parameters, layer by layer', () => {
  const hasExperts = [false, true, true, true];
  // 10 bytes of the dense layer, then 10 and 60 + 30 of each other.
  expect(offloadedShares(0, hasExperts, 10, 90)).toEqual([0, 0, 0]);
  expect(offloadedShares(21, hasExperts, 10, 90)[0]).toBeCloseTo(2 / 3);
  expect(offloadedShares(81, hasExperts, 10, 90)[0]).toBeCloseTo(1);
  expect(offloadedShares(1000, hasExperts, 10, 90).map(Math.round)).toEqual([1, 1, 1]);
});
