import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { percentile, statisticsOf } from '../../../sim/report/statistics.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { fixedStepTime } from '../../../sim/time/fixed.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { randomRun } from '../random-run.ts';

const [base] = fc.sample(randomRun, { numRuns: 1, seed: 1 });

/** Two requests on a roomy pool of 16-token blocks, steps of 1 s: everything can be counted by hand. */
function byHand() {
  const builder = new WorkloadBuilder();
  const segment = builder.newSegment();
  builder.add({ arrivalNs: 0, prompt: [[segment, 0, 20]], maxTokens: 3 });
  builder.add({ arrivalNs: 500e6, prompt: [[segment, 0, 20]], maxTokens: 1 });
  builder.add({ arrivalNs: 1, prompt: [[segment, 0, 200]], maxTokens: 1 });
  return simulate({
    ...base,
    pool: {
      numGpuBlocks: 11,
      enablePrefixCaching: true,
      hashBlockSize: 16,
      groups: [{ kind: 'full', blockSize: 16, window: 0 }],
    },
    scheduler: {
      ...base.scheduler,
      maxNumSeqs: 4,
      maxNumBatchedTokens: 64,
      maxModelLen: 100,
      enableChunkedPrefill: true,
      longPrefillTokenThreshold: 0,
      policy: 'fcfs',
      asyncScheduling: false,
      numSpeculativeTokens: 0,
      numLookaheadTokens: 0,
      useEagle: false,
    },
    workload: builder.finish(),
    stepTime: fixedStepTime(1e9),
    acceptance: undefined,
  });
}

test('a run that can be counted by hand', () => {
  const summary = summarize(byHand());
  expect(summary.requests).toEqual({ total: 3, finished: 2, aborted: 0, rejected: 1, unfinished: 0 });
  expect(summary.numSteps).toBe(3);
  expect(summary.simulatedSeconds).toBe(3);
  // First token of r0 after 1 s; r2 arrives at 0.5 s, is admitted at 1 s and sampled at 2 s.
  expect(summary.timeToFirstToken).toMatchObject({ count: 2, mean: 1.25, max: 1.5 });
  expect(summary.timePerOutputToken).toMatchObject({ count: 1, mean: 1 });
  expect(summary.queueTime).toMatchObject({ count: 2, mean: 0.25 });
  expect(summary.throughput).toEqual({
    requestsPerSecond: 2 / 3,
    outputTokensPerSecond: 4 / 3,
    totalTokensPerSecond: 44 / 3,
  });
  // r2 finds the first block of r0's prompt: 16 of 40 tokens looked up.
  expect(summary.prefixHitRate).toBe(16 / 40);
  // Blocks in use: 2, then 2 + 1, then 2 of 10.
  expect(summary.kvCacheUse?.max).toBeCloseTo(0.3, 12);
  expect(summary.kvCacheUse?.mean).toBeCloseTo(0.7 / 3, 12);
  // Empty slots of blocks being filled: 12; 11 + 12; 10.
  expect(summary.slots?.internal).toBeCloseTo((12 + 23 + 10) / 3 / 160, 12);
});

test('shares of slots sum to one, and nothing is negative', () => {
  fc.assert(
    fc.property(randomRun, (input) => {
      const { slots } = summarize(simulate({ ...input, maxSteps: 200 }));
      if (slots === null || input.pool.groups.length > 1 || input.pool.groups[0].kind !== 'full') return;
      const parts = Object.values(slots);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 9);
      for (const part of parts) expect(part).toBeGreaterThanOrEqual(-1e-9);
    }),
    { numRuns: 200, seed: 4 },
  );
});

test('no samples are null, not zero', () => {
  expect(statisticsOf(new Float64Array(0))).toBeNull();
});

test('percentiles interpolate linearly between samples', () => {
  const samples = Float64Array.of(1, 2, 3, 10);
  expect(percentile(samples, 0)).toBe(1);
  expect(percentile(samples, 50)).toBe(2.5);
  expect(percentile(samples, 90)).toBeCloseTo(7.9, 12);
  expect(percentile(samples, 100)).toBe(10);
});
