import * as v from 'valibot';
import { expect, test } from 'vitest';
import { length, lengthOf } from '../../../sim/scenario/length-schema.ts';

const read = (written: unknown) => {
  const { success, output, issues } = v.safeParse(length, written);
  return success ? lengthOf(output) : issues[0].message;
};

test.each([
  [7, { kind: 'fixed', tokens: 7 }],
  [{ fixed: 7 }, { kind: 'fixed', tokens: 7 }],
  [{ uniform: [3, 3] }, { kind: 'uniform', min: 3, max: 3 }],
  [
    { lognormal: { median: 40, sigma: 0.6, max: 110 } },
    { kind: 'lognormal', median: 40, sigma: 0.6, max: 110 },
  ],
  // In the order of the percentiles, not of the file; stretches of equal length are allowed.
  [
    { quantiles: { p100: 9, p0: 2, 'p99.5': 9, p50: 2 } },
    { kind: 'quantiles', shares: [0, 0.5, 0.995, 1], tokens: [2, 2, 9, 9] },
  ],
])('%j', (written, expected) => {
  expect(read(written)).toEqual(expected);
});

test.each([
  [0, 'whole number'],
  [{}, 'exactly one of'],
  [{ fixed: 1, uniform: [1, 2] }, 'exactly one of'],
  [{ uniform: [4, 3] }, 'min at most max'],
  [{ lognormal: { median: 40, sigma: 6, max: 110 } }, 'at most 5'],
  [{ quantiles: { p0: 1, p50: 2 } }, 'from p0 to p100'],
  [{ quantiles: { p0: 1, p101: 2, p100: 2 } }, 'from p0 to p100'],
  [{ quantiles: { p0: 2, p50: 1, p100: 4 } }, 'percentiles that do not fall'],
])('%j is refused: %s', (written, message) => {
  expect(read(written)).toContain(message);
});
