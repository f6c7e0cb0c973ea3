import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TableWriter } from '../../../sim/recording/column.ts';

test('a table holds the rows that were written and amended, however many chunks they took', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 700 }), (numRows, every) => {
      const table = new TableWriter({ number: 'i32', double: 'f64' });
      for (let i = 0; i < numRows; i++) {
        table.current.number[table.row] = i;
        table.current.double[table.row] = 2 * i;
        table.advance();
        if (table.length !== i + 1) expect.fail(`${table.length} rows after ${i + 1}`);
        if (i % every === 0) table.amend('number', -i);
      }
      const { number, double } = table.finish();
      expect([number.length, double.length]).toEqual([numRows, numRows]);
      for (let i = 0; i < numRows; i++) {
        if (number[i] !== (i % every === 0 ? -i : i) || double[i] !== 2 * i) expect.fail(`row ${i}`);
      }
    }),
    { numRuns: 20 },
  );
});
