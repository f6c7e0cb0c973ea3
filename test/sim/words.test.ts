import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grouped } from '../../sim/words.ts';

test('numbers are grouped as everywhere in English', () => {
  expect([0, 999, 1000, -1000, 1_234_567.125, Number.NaN].map(grouped)).toEqual([
    '0',
    '999',
    '1,000',
    '-1,000',
    '1,234,567.125',
    'NaN',
  ]);
  const intl = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 });
  const number = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer().map((thousandths) => thousandths / 1000),
  );
  fc.assert(fc.property(number, (n) => grouped(n) === intl.format(n)));
});
