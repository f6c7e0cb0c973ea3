import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minimize } from '../../../sim/fit/minimize.ts';

const point = fc.tuple(
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.double({ min: -2, max: 2, noNaN: true }),
);

test('finds the bottom of a bowl, wherever it is', () => {
  fc.assert(
    fc.property(point, point, ([a, b], start) => {
      const [x, y] = minimize(
        ([x, y]) => (x - a) * (x - a) + 3 * (y - b) * (y - b) + (x - a) * (y - b),
        start,
      );
      expect(x).toBeCloseTo(a, 4);
      expect(y).toBeCloseTo(b, 4);
    }),
    { numRuns: 30 },
  );
});

test('stays within its bounds, and goes to the edge where the bottom lies outside', () => {
  const asked: number[][] = [];
  const bounds = [
    [0, 1],
    [-1, 1],
  ] as const;
  const best = minimize(
    (x) => {
      asked.push([...x]);
      return (x[0] - 3) * (x[0] - 3) + x[1] * x[1];
    },
    [0.5, 0.5],
    { bounds },
  );
  expect(best[0]).toBe(1);
  expect(best[1]).toBeCloseTo(0, 4);
  for (const x of asked) expect(x.every((v, i) => v >= bounds[i][0] && v <= bounds[i][1])).toBe(true);
});

test('a start at the edge still moves along every axis', () => {
  const bounds = [
    [0, 1],
    [0, 1],
  ] as const;
  const [x, y] = minimize(([x, y]) => Math.abs(x - 0.3) + Math.abs(y - 0.6), [1, 1], { bounds });
  expect(x).toBeCloseTo(0.3, 3);
  expect(y).toBeCloseTo(0.6, 3);
});

test('stops where nothing is gained', () => {
  let asked = 0;
  minimize(
    () => {
      asked++;
      return 0;
    },
    [0, 0],
    { tolerance: 1e-3 },
  );
  expect(asked).toBe(3);
});
