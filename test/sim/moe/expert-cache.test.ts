import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CachePolicy, ExpertCache } from '../../../sim/moe/expert-cache.ts';
import { defaultPopularity } from '../../../sim/moe/popularity.ts';
import { PopularityRouter } from '../../../sim/moe/router.ts';
import { smallShape } from './shapes.ts';

const spec = fc.record({
  numExperts: fc.integer({ min: 1, max: 24 }),
  ranks: fc.integer({ min: 1, max: 4 }),
  slots: fc.integer({ min: 0, max: 12 }),
  policy: fc.constantFrom<CachePolicy>('lru', 'lfu'),
  steps: fc.array(fc.array(fc.nat({ max: 23 }), { size: 'max', maxLength: 16 }), {
    size: 'max',
    maxLength: 40,
  }),
});

test('every access is a hit or a miss; what was not loaded is not there; a cache of all experts misses each once', () => {
  fc.assert(
    fc.property(spec, ({ numExperts, ranks, slots, policy, steps }) => {
      const rankOf = Int32Array.from({ length: numExperts }, (_, e) => e % ranks);
      const cache = new ExpertCache(1, rankOf, ranks, slots, policy);
      const loads = new Int32Array(ranks);
      const seen = new Set<number>();
      let accesses = 0;
      let hits = 0;
      let firstTimes = 0;
      steps.forEach((touched, i) => {
        const counts = new Int32Array(numExperts);
        for (const e of touched) if (e < numExperts) counts[e]++;
        const distinct = counts.filter((n) => n > 0).length;
        const hit = cache.access(0, i + 1, counts, loads);
        expect(hit).toBeLessThanOrEqual(Math.min(distinct, slots * ranks));
        accesses += distinct;
        hits += hit;
        counts.forEach((n, e) => {
          if (n > 0 && !seen.has(e)) {
            seen.add(e);
            firstTimes++;
          }
        });
      });
      const sum = (column: Float64Array) => column.reduce((a, b) => a + b, 0);
      expect(sum(cache.hits)).toBe(hits);
      expect(sum(cache.hits) + sum(cache.misses)).toBe(accesses);
      expect(sum(cache.misses)).toBe(loads.reduce((a, b) => a + b, 0));
      expect(sum(cache.misses)).toBeGreaterThanOrEqual(firstTimes);
      if (slots * ranks >= numExperts + ranks) expect(sum(cache.misses)).toBe(firstTimes);
      if (slots === 0) expect(hits).toBe(0);
    }),
    { numRuns: 500 },
  );
});

/** Hits of each step, which visits these of four experts. */
function touch(cache: ExpertCache, ...steps: (number | number[])[]): number[] {
  return steps.map((experts, i) => {
    const counts = new Int32Array(4);
    for (const expert of [experts].flat()) counts[expert] = 1;
    return cache.access(0, i + 1, counts, new Int32Array(1));
  });
}

test('what a step uses stays while it loads others; of equals the first goes', () => {
  const rankOf = new Int32Array(4);
  // Expert 0 was used no more often than 1, which the fourth step does not want.
  expect(touch(new ExpertCache(1, rankOf, 1, 2, 'lfu'), 0, 1, 1, [0, 2], 0)).toEqual([0, 0, 1, 1, 1]);
  expect(touch(new ExpertCache(1, rankOf, 1, 2, 'lru'), [0, 1], 2, 1)).toEqual([0, 0, 1]);
});

test('LRU gives up the least recent, LFU the least frequent', () => {
  const rankOf = new Int32Array(4);
  expect(touch(new ExpertCache(1, rankOf, 1, 2, 'lru'), 0, 0, 1, 2, 0)).toEqual([0, 1, 0, 0, 0]);
  expect(touch(new ExpertCache(1, rankOf, 1, 2, 'lfu'), 0, 0, 1, 2, 0)).toEqual([0, 1, 0, 0, 1]);
});

/** Hit rate of one request after another. */
function hitRate(numExperts: number, topK: number, slots: number, policy: CachePolicy, tokens = 1): number {
  const shape = smallShape({ layers: 1, numExperts, topK });
  const router = new PopularityRouter(shape, defaultPopularity(numExperts), 5);
  const cache = new ExpertCache(1, new Int32Array(numExperts), 1, slots, policy);
  const counts = new Int32Array(numExperts);
  for (let step = 1; step <= 4000; step++) {
    router.route(0, tokens, counts);
    cache.access(0, step, counts, new Int32Array(1));
  }
  return cache.hits[0] / (cache.hits[0] + cache.misses[0]);
}

describe('against what moe.md expects of Mixtral at batch 1', () => {
  test.each([
    [2, 0.25, 0.4],
    [4, 0.5, 0.65],
  ])('LRU with %i of 8', (slots, least, most) => {
    const rate = hitRate(8, 2, slots, 'lru');
    expect(rate).toBeGreaterThan(least);
    expect(rate).toBeLessThan(most);
  });
});

test('at serving batch sizes a cache only holds its slots', () => {
  expect(hitRate(64, 4, 16, 'lru', 256)).toBeCloseTo(16 / 64, 1);
});
