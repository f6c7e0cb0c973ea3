import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SyntheticWorkload } from '../../../sim/scenario/workload-spec.ts';
import { RandomStream } from '../../../sim/workload/random.ts';
import { syntheticWorkload } from '../../../sim/workload/synthetic.ts';
import type { Workload } from '../../../sim/workload/workload.ts';

const BASE: SyntheticWorkload = {
  kind: 'synthetic',
  numRequests: 200,
  arrival: { kind: 'poisson', ratePerSecond: 4, burstiness: 1 },
  promptTokens: { kind: 'uniform', min: 10, max: 90 },
  outputTokens: { kind: 'lognormal', median: 40, sigma: 0.7, max: 400 },
  sharedPrefix: { count: 3, tokens: 64 },
  images: null,
  numSequences: 1,
  beamSearch: false,
  turns: 1,
  users: null,
  thinkTime: { kind: 'fixed', ns: 0 },
  bursts: [],
  abort: { share: 0.1, afterNs: 1e9 },
};

test('the same seed gives the same workload, another seed another', () => {
  expect(syntheticWorkload(BASE, 7)).toEqual(syntheticWorkload(BASE, 7));
  expect(syntheticWorkload(BASE, 8)).not.toEqual(syntheticWorkload(BASE, 7));
});

describe('a change in one purpose does not disturb another', () => {
  const before = syntheticWorkload(BASE, 1);

  /** What each purpose decides, and a change to it. */
  const purposes = {
    arrivals: {
      change: { arrival: { kind: 'poisson', ratePerSecond: 9, burstiness: 0.5 } },
      shows: (w: Workload) => w.arrivalNs,
    },
    prompts: {
      change: { promptTokens: { kind: 'lognormal', median: 20, sigma: 1, max: 99 } },
      shows: (w: Workload) => w.numPromptTokens,
    },
    outputs: {
      change: { outputTokens: { kind: 'uniform', min: 1, max: 9 } },
      shows: (w: Workload) => w.maxTokens,
    },
    prefixes: {
      change: { sharedPrefix: { count: 50, tokens: 64 } },
      // Segments are numbered as they come up: which requests share one is what counts.
      shows: (w: Workload) => {
        const prefixes = Array.from({ length: w.numRequests }, (_, i) => w.runSegment[w.runStart[i]]);
        return prefixes.map((segment) => prefixes.indexOf(segment));
      },
    },
    aborts: {
      change: { abort: { share: 0.5, afterNs: 1e9 } },
      shows: (w: Workload) => w.abortAfterNs,
    },
  } satisfies Record<string, { change: Partial<SyntheticWorkload>; shows: (w: Workload) => unknown }>;

  test.each(Object.keys(purposes) as (keyof typeof purposes)[])('%s', (changed) => {
    const after = syntheticWorkload({ ...BASE, ...purposes[changed].change }, 1);
    for (const [purpose, { shows }] of Object.entries(purposes)) {
      if (purpose === changed) expect(shows(after)).not.toEqual(shows(before));
      else expect(shows(after)).toEqual(shows(before));
    }
  });

  test('share of aborts: who gave up before still does', () => {
    const after = syntheticWorkload({ ...BASE, abort: { share: 0.3, afterNs: 1e9 } }, 1);
    expect(after.maxTokens).toEqual(before.maxTokens);
    before.abortAfterNs.forEach((ns, i) => {
      if (ns === 1e9) expect(after.abortAfterNs[i]).toBe(1e9);
    });
  });
});

test('a later turn quotes the whole conversation, answer included, and waits for it', () => {
  const workload = syntheticWorkload(
    { ...BASE, numRequests: 6, turns: 3, thinkTime: { kind: 'fixed', ns: 5 } },
    3,
  );
  expect([...workload.dependsOn]).toEqual([-1, 0, 1, -1, 3, 4]);
  for (const row of [1, 2, 4, 5]) {
    const before = row - 1;
    expect(workload.arrivalNs[row]).toBe(5);
    const quoted = workload.numPromptTokens[before] + workload.maxTokens[before];
    expect(workload.numPromptTokens[row]).toBeGreaterThan(quoted);
    const runs = workload.runStart[before + 1] - workload.runStart[before];
    const answer = workload.runStart[row] + runs;
    expect(workload.runSegment[answer]).toBe(workload.outputSegment[before]);
    expect(workload.runLength[answer]).toBe(workload.maxTokens[before]);
  }
});

test('intervals have the stated mean, and burstiness spreads them', () => {
  for (const burstiness of [0.25, 1, 4]) {
    const stream = new RandomStream(5, 'test');
    const draws = Array.from({ length: 20_000 }, () => stream.gamma(burstiness, 2));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(2, 0);
    expect(variance / (4 / burstiness)).toBeGreaterThan(0.9);
    expect(variance / (4 / burstiness)).toBeLessThan(1.1);
  }
});

const length = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), tokens: fc.integer({ min: 1, max: 500 }) }),
  fc.record({
    kind: fc.constant('uniform' as const),
    min: fc.integer({ min: 1, max: 50 }),
    max: fc.integer({ min: 50, max: 500 }),
  }),
  fc.record({
    kind: fc.constant('lognormal' as const),
    median: fc.integer({ min: 1, max: 300 }),
    sigma: fc.double({ min: 0, max: 2, noNaN: true }),
    max: fc.integer({ min: 1, max: 2000 }),
  }),
);

test('every workload is sorted, complete and in canonical form', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 4 }),
      length,
      length,
      (seed, numRequests, turns, promptTokens, outputTokens) => {
        const w = syntheticWorkload({ ...BASE, numRequests, turns, promptTokens, outputTokens }, seed);
        expect(w.numRequests).toBe(numRequests);
        expect(new Set(w.ids).size).toBe(numRequests);
        expect(new Set(w.outputSegment).size).toBe(numRequests);
        let last = 0;
        for (let row = 0; row < numRequests; row++) {
          expect(w.dependsOn[row]).toBeLessThan(row);
          if (w.dependsOn[row] < 0) {
            expect(w.arrivalNs[row]).toBeGreaterThanOrEqual(last);
            last = w.arrivalNs[row];
          }
          expect(w.maxTokens[row]).toBeGreaterThanOrEqual(1);
          let tokens = 0;
          for (let run = w.runStart[row]; run < w.runStart[row + 1]; run++) {
            tokens += w.runLength[run];
            const continues =
              run > w.runStart[row] &&
              w.runSegment[run] === w.runSegment[run - 1] &&
              w.runOffset[run] === w.runOffset[run - 1] + w.runLength[run - 1];
            expect(continues).toBe(false);
          }
          expect(tokens).toBe(w.numPromptTokens[row]);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('images stand behind the shared prefix, are quoted by later turns, and draw from streams of their own', () => {
  const spec = { ...BASE, numRequests: 40, turns: 2, sharedPrefix: { count: 1, tokens: 10 } };
  const plain = syntheticWorkload(spec, 1);
  const images = { perRequest: 2, tokens: { kind: 'uniform', min: 5, max: 9 }, distinct: 3 } as const;
  const w = syntheticWorkload({ ...spec, images }, 1);
  expect(w.itemStart[40]).toBe(80);
  expect(new Set(w.itemContent)).toEqual(new Set([0, 1, 2]));
  const lengths = new Map<number, number>();
  for (let request = 0; request < 40; request++) {
    const first = w.itemStart[request];
    expect(w.itemOffset[first]).toBe(10);
    expect(w.itemOffset[first + 1]).toBe(10 + w.itemLength[first]);
    const added = w.itemLength[first] + w.itemLength[first + 1];
    expect(w.numPromptTokens[request]).toBe(plain.numPromptTokens[request] + added);
    for (const item of [first, first + 1]) {
      const content = w.itemContent[item];
      expect(w.itemLength[item]).toBe(lengths.get(content) ?? w.itemLength[item]);
      lengths.set(content, w.itemLength[item]);
    }
    const before = w.dependsOn[request];
    if (before >= 0) expect(w.itemContent[first]).toBe(w.itemContent[w.itemStart[before]]);
  }
  expect(w.arrivalNs).toEqual(plain.arrivalNs);
  expect(w.maxTokens).toEqual(plain.maxTokens);
});
