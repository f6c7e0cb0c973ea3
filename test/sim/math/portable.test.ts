import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exp, ln, pow } from '../../../sim/math/portable.ts';

function relativeError(actual: number, expected: number): number {
  return expected === 0 ? Math.abs(actual) : Math.abs(actual - expected) / Math.abs(expected);
}

describe('ln, exp and pow agree with Math to the last digits', () => {
  test('ln', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(
          1e-15 * Math.max(1, Math.abs(Math.log(x))) * 2,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(relativeError(exp(x), Math.exp(x))).toBeLessThan(1e-14);
      }),
      { numRuns: 2000 },
    );
  });

  test('pow', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.double({ min: -8, max: 8, noNaN: true }),
        (x, y) => {
          expect(relativeError(pow(x, y), x ** y)).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('the edges', () => {
  expect(ln(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(ln(-1)).toBeNaN();
  expect(ln(1)).toBe(0);
  expect(ln(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(ln(5e-324)).toBeCloseTo(Math.log(5e-324), 10);
  expect(exp(0)).toBe(1);
  expect(exp(710)).toBe(Number.POSITIVE_INFINITY);
  expect(exp(-746)).toBe(0);
  expect(exp(-740)).toBeGreaterThan(0);
  const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
  for (const x of [0, 5e-324, 0.5, 1, 2, 10, 1e308, infinity, nan]) {
    for (const y of [-infinity, -1000, -1, -0.5, 0, 0.5, 1, 2, 3, 1000, infinity, nan]) {
      const expected = x ** y;
      if (Number.isFinite(expected) && expected !== 0) {
        expect(relativeError(pow(x, y), expected)).toBeLessThan(1e-13);
      } else expect(pow(x, y)).toBe(expected);
    }
  }
});
