import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { Outcome } from '../../../sim/recording/tables.ts';
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
      if (slots === null) return;
      const parts = Object.values(slots);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 9);
      for (const part of parts) expect(part).toBeGreaterThanOrEqual(-1e-9);
    }),
    { numRuns: 200, seed: 4 },
  );
});

/** Two steps, of 1 s and of 3 s, with idle time between them; columns by hand. */
function columnsByHand(): Recording {
  const never = Number.NaN;
  const recording = byHand();
  return {
    ...recording,
    header: { ...recording.header, end: 'step-limit', prefixCacheQueries: 0, prefixCacheHits: 0 },
    requestIds: ['finished', 'one output', 'aborted', 'waiting', 'not arrived', 'rejected'],
    numSteps: 2,
    steps: {
      ...recording.steps,
      startNs: Float64Array.of(1e9, 10e9),
      endNs: Float64Array.of(2e9, 13e9),
      numFreeBlocks: Uint32Array.of(2, 6),
      numCachedFreeBlocks: Uint32Array.of(0, 4),
      internalWasteSlots: Uint32Array.of(16, 0),
      reservedSlots: Uint32Array.of(32, 0),
    },
    requests: {
      ...recording.requests,
      arrivalNs: Float64Array.of(0, 1e9, 1e9, 9e9, never, 2e9),
      firstScheduledNs: Float64Array.of(1e9, 1e9, 1e9, never, never, never),
      firstTokenNs: Float64Array.of(2e9, 2e9, 2e9, never, never, never),
      endNs: Float64Array.of(13e9, 2e9, 11e9, never, never, 2e9),
      numPromptTokens: Uint32Array.of(10, 20, 30, 40, 50, 60),
      numOutputTokens: Uint32Array.of(12, 1, 2, 0, 0, 0),
      numPreemptions: Uint32Array.of(2, 0, 1, 0, 0, 0),
      outcome: Uint8Array.of(
        Outcome.Finished,
        Outcome.Finished,
        Outcome.Aborted,
        Outcome.Unfinished,
        Outcome.Unfinished,
        Outcome.Rejected,
      ),
    },
  };
}

test('columns by hand: every outcome counts where it belongs', () => {
  const summary = summarize(columnsByHand());
  expect(summary.requests).toEqual({ total: 6, finished: 2, aborted: 1, rejected: 1, unfinished: 2 });
  expect(summary.numPreemptions).toBe(3);
  // From 1 s to 13 s; prompts of those that got a first token.
  expect(summary.throughput).toEqual({
    requestsPerSecond: 2 / 12,
    outputTokensPerSecond: 15 / 12,
    totalTokensPerSecond: 75 / 12,
  });
  expect(summary.timeToFirstToken).toMatchObject({ count: 3, mean: 4 / 3, p50: 1, p90: 1.8, max: 2 });
  // Whoever has one output has no time between outputs; whoever gave up has no end.
  expect(summary.timePerOutputToken).toMatchObject({ count: 1, mean: 1 });
  expect(summary.endToEnd).toMatchObject({ count: 2, mean: 7, max: 13 });
  expect(summary.queueTime).toMatchObject({ count: 3, max: 1 });
  // 8 of 10 blocks for 1 s, 4 of 10 for 3 s; idle time has no weight.
  expect(summary.kvCacheUse?.mean).toBeCloseTo(0.5, 12);
  expect(summary.kvCacheUse?.max).toBeCloseTo(0.8, 12);
  expect(summary.prefixHitRate).toBeNull();
  const { tokens, internal, reserved, cachedFree, free } = summary.slots!;
  expect(internal).toBeCloseTo(0.1 / 4, 12);
  expect(reserved).toBeCloseTo(0.2 / 4, 12);
  expect(cachedFree).toBeCloseTo((0.4 * 3) / 4, 12);
  expect(free).toBeCloseTo((0.2 + 0.2 * 3) / 4, 12);
  expect(tokens).toBeCloseTo((0.5 + 0.4 * 3) / 4, 12);
});

test('a run of several engines ends when the last of their steps does, not the last that starts', () => {
  const { steps, ...recording } = columnsByHand();
  const overlapping = { ...steps, startNs: Float64Array.of(1e9, 2e9), endNs: Float64Array.of(13e9, 5e9) };
  const summary = summarize({ ...recording, steps: overlapping });
  expect(summary.simulatedSeconds).toBe(13);
  expect(summary.throughput?.requestsPerSecond).toBe(2 / 12);
});

test('no samples are null, not zero', () => {
  expect(statisticsOf(new Float64Array(0))).toBeNull();
  const { requests, ...recording } = columnsByHand();
  const nothing = new Float64Array(6).fill(Number.NaN);
  const summary = summarize({
    ...recording,
    numSteps: 0,
    requests: {
      ...requests,
      arrivalNs: nothing,
      firstScheduledNs: nothing,
      firstTokenNs: nothing,
      endNs: nothing,
      outcome: new Uint8Array(6).fill(Outcome.Unfinished),
    },
  });
  expect(summary).toMatchObject({
    numSteps: 0,
    simulatedSeconds: 0,
    throughput: null,
    timeToFirstToken: null,
    timePerOutputToken: null,
    endToEnd: null,
    queueTime: null,
    kvCacheUse: null,
    prefixHitRate: null,
    slots: null,
  });
});

test('percentiles agree with a plain sort', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50, size: 'max' }),
      fc.integer({ min: 0, max: 100 }),
      (samples, p) => {
        const sorted = [...samples].sort((a, b) => a - b);
        const rank = ((samples.length - 1) * p) / 100;
        const share = rank - Math.floor(rank);
        const expected = sorted[Math.floor(rank)] * (1 - share) + sorted[Math.ceil(rank)] * share;
        expect(percentile(Float64Array.from(sorted), p)).toBeCloseTo(expected, 5);
        const statistics = statisticsOf(Float64Array.from(samples));
        expect(statistics?.count).toBe(samples.length);
        expect(statistics?.max).toBe(sorted.at(-1));
        expect(statistics?.p90).toBe(percentile(Float64Array.from(sorted), 90));
      },
    ),
  );
});

test('percentiles interpolate linearly between samples', () => {
  const samples = Float64Array.of(1, 2, 3, 10);
  expect(percentile(samples, 0)).toBe(1);
  expect(percentile(samples, 50)).toBe(2.5);
  expect(percentile(samples, 90)).toBeCloseTo(7.9, 12);
  expect(percentile(samples, 100)).toBe(10);
});
