import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../sim/error.ts';
import { defaultPopularity, type Popularity, visitProbabilities } from '../../../sim/moe/popularity.ts';
import { PopularityRouter } from '../../../sim/moe/router.ts';
import { readRoutingTrace, TraceRouter } from '../../../sim/moe/routing-trace.ts';
import { smallShape } from './shapes.ts';

const UNIFORM: Popularity = { exponent: 0, shift: 0, locality: 0 };

const run = fc.record({
  numExperts: fc.integer({ min: 2, max: 200 }),
  topK: fc.integer({ min: 1, max: 10 }),
  exponent: fc.double({ min: 0, max: 4, noNaN: true }),
  locality: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(),
  tokens: fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 20, size: 'max' }),
});

function routed({
  numExperts,
  topK,
  exponent,
  locality,
  seed,
  tokens,
}: typeof run extends fc.Arbitrary<infer T> ? T : never) {
  const shape = smallShape({ numExperts, topK: Math.min(topK, numExperts), layers: 2 });
  const router = new PopularityRouter(shape, { exponent, shift: 0, locality }, seed);
  const steps: Int32Array[] = [];
  for (const t of tokens) {
    for (let layer = 0; layer < 2; layer++) {
      const counts = new Int32Array(numExperts);
      router.route(layer, t, counts);
      steps.push(counts);
    }
  }
  return { steps, topK: shape.topK };
}

test('no token is lost, none comes twice, and the same seed gives the same', () => {
  fc.assert(
    fc.property(run, (spec) => {
      const { steps, topK } = routed(spec);
      steps.forEach((counts, i) => {
        const tokens = spec.tokens[i >> 1];
        expect(counts.reduce((sum, n) => sum + n, 0)).toBe(tokens * topK);
        expect(Math.max(...counts)).toBeLessThanOrEqual(tokens);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(0);
      });
      expect(routed(spec).steps).toEqual(steps);
    }),
    { numRuns: 300 },
  );
});

test('visit probabilities sum to topK and none exceeds 1', () => {
  fc.assert(
    fc.property(run, ({ numExperts, topK, exponent }) => {
      const k = Math.min(topK, numExperts);
      const p = visitProbabilities(numExperts, k, { exponent, shift: 0, locality: 0 });
      expect(p.reduce((sum, x) => sum + x, 0)).toBeCloseTo(k, 9);
      expect(Math.max(...p)).toBeLessThanOrEqual(1);
    }),
  );
});

test.each([20, 300])('experts come as often as their probability says, %i tokens a step', (tokens) => {
  const shape = smallShape({ layers: 1 });
  const popularity = { ...defaultPopularity(128), locality: 0.3 };
  const router = new PopularityRouter(shape, popularity, 3);
  const sums = new Float64Array(128);
  const squares = new Float64Array(128);
  const counts = new Int32Array(128);
  const steps = 6000;
  for (let step = 0; step < steps; step++) {
    router.route(0, tokens, counts);
    for (let e = 0; e < 128; e++) {
      sums[e] += counts[e];
      squares[e] += counts[e] * counts[e];
    }
  }
  const expected = visitProbabilities(128, 8, popularity);
  const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a]);
  for (const j of [0, 1, 10, 60, 100]) {
    const mean = sums[order[j]] / steps;
    const variance = squares[order[j]] / steps - mean * mean;
    const p = expected[j];
    expect(mean / (tokens * p)).toBeCloseTo(1, 1);
    expect(variance / (tokens * p * (1 - p))).toBeGreaterThan(0.85);
    expect(variance / (tokens * p * (1 - p))).toBeLessThan(1.25);
  }
});

test.each([
  [1, 8],
  [8, 52],
  [16, 82],
  [32, 112],
  [64, 126],
])('%i tokens touch %i of 128 experts if all are alike (E (1 − (1 − k / E)^B))', (tokens, distinct) => {
  const router = new PopularityRouter(smallShape({ layers: 1 }), UNIFORM, 1);
  const counts = new Int32Array(128);
  let touched = 0;
  for (let step = 0; step < 400; step++) {
    router.route(0, tokens, counts);
    touched += counts.filter((n) => n > 0).length;
  }
  expect(Math.abs(touched / 400 - distinct)).toBeLessThan(1.5);
});

describe('two tokens in a row share one of two experts', () => {
  // Mixtral's paper, table 5: 45–50 % in the first layer, 62–67 % in the middle; 46.4 % by chance.
  test.each([
    [0, 0.464],
    [0.18, 0.56],
  ])('locality %f: %f', (locality, share) => {
    const shape = smallShape({ layers: 1, numExperts: 8, topK: 2 });
    const router = new PopularityRouter(shape, { ...UNIFORM, locality }, 1);
    let before = new Int32Array(8);
    let shared = 0;
    for (let step = 0; step < 20_000; step++) {
      const counts = new Int32Array(8);
      router.route(0, 1, counts);
      if (counts.some((n, e) => n > 0 && before[e] > 0)) shared++;
      before = counts;
    }
    expect(Math.abs(shared / 20_000 - share)).toBeLessThan(0.02);
  });
});

describe('published popularity', () => {
  const shares = (numExperts: number, topK: number) =>
    visitProbabilities(numExperts, topK, defaultPopularity(numExperts)).map((p) => p / topK);
  const entropy = (p: Float64Array) => -p.reduce((sum, x) => sum + x * Math.log(x), 0) / Math.log(p.length);

  test('Mixtral: shares of the j-th expert (efeslab/fiddler)', () => {
    const measured = [0.149, 0.139, 0.132, 0.126, 0.123, 0.118, 0.113, 0.1];
    shares(8, 2).forEach((p, j) => {
      expect(Math.abs(p - measured[j])).toBeLessThan(0.013);
    });
    expect(entropy(shares(8, 2))).toBeCloseTo(0.9954, 2);
  });

  test('Qwen3-30B: top expert 4.3 %, 1 − entropy 0.111, 65 experts for 90 %', () => {
    const p = shares(128, 8);
    expect(p[0]).toBeCloseTo(0.043, 2);
    expect(1 - entropy(p)).toBeCloseTo(0.111, 2);
    let sum = 0;
    const needed = p.findIndex((x) => {
      sum += x;
      return sum >= 0.9;
    });
    expect(Math.abs(needed + 1 - 65)).toBeLessThanOrEqual(8);
  });
});

describe('recorded routing', () => {
  const shape = smallShape({ layers: 2, topK: 2, numExperts: 4 });
  const JSON_TRACE = '[[[0,1],[2,3]],[[1,2],[3,0]],[[0,3],[0,1]]]';
  const CSV = 'token,layer,experts\n7,0,0 1\n7,1,2 3\n8,0,1 2\n8,1,"3 0"\n9,0,0 3\n9,1,0 1\n';

  test('JSON and CSV say the same', () => {
    expect(readRoutingTrace(CSV, 'r.csv', shape)).toEqual(readRoutingTrace(JSON_TRACE, 'r.json', shape));
  });

  test('each step takes the next tokens', () => {
    const router = new TraceRouter(readRoutingTrace(CSV, 'r.csv', shape), shape);
    const counts = new Int32Array(4);
    const step = (tokens: number) =>
      [0, 1].map((layer) => {
        router.route(layer, tokens, counts);
        return [...counts];
      });
    expect(step(2)).toEqual([
      [1, 2, 1, 0],
      [1, 0, 1, 2],
    ]);
    // The third token, and the trace once more.
    expect(step(4)).toEqual([
      [3, 2, 1, 2],
      [3, 2, 1, 2],
    ]);
  });

  test.each([
    ['[]', 'holds no tokens'],
    ['[[[0,1]]]', 'token 0: expected 2 layers with experts, got 1'],
    ['[[[0,1],[2]]]', 'token 0, layer 1: expected 2 experts, got 1'],
    ['[[[0,1],[2,2]]]', 'an expert is named twice'],
    ['[[[0,1],[2,4]]]', 'expected an expert from 0 to 3, got 4'],
    ['[', 'is no JSON'],
    ['step,layer\n', 'r:1:1: expected JSON, or CSV'],
    ['token,layer,experts\n0,0,0 x\n', 'r:2:1: expected token,layer,experts like'],
    ['token,layer,experts\n0,0,0 1\n0,0,0 1\n', 'r:3:1: a token twice in one layer'],
    ['token,layer,experts\n0,0,0 1\n', 'r:2:1: token 0: expected 2 layers'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => readRoutingTrace(text, 'r', shape)).toThrow(InputError);
    expect(() => readRoutingTrace(text, 'r', shape)).toThrow(message);
  });
});
