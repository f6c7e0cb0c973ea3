import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { readStepTable } from '../../../sim/scenario/step-table.ts';
import { tableStepTime } from '../../../sim/time/step-table.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';

function batch(decodes: number, context: number, prefill = 0, computed = 0): BatchShape {
  const numPrefills = prefill > 0 ? 1 : 0;
  return {
    numRequests: decodes + numPrefills,
    numTokens: decodes + prefill,
    numSampled: decodes,
    numDecodes: decodes,
    decodeContextTokens: decodes * context,
    maxDecodeContext: context,
    numPrefills,
    prefillTokens: Int32Array.of(prefill),
    prefillComputed: Int32Array.of(computed),
  };
}

const GRID = 'batch,context,ms\n1,100,10\n1,300,14\n9,100,30\n9,300,50\n';

describe('between the points of the grid', () => {
  const model = tableStepTime(readStepTable(GRID, 'g.csv'));

  test.each([
    [1, 100, 10],
    [9, 300, 50],
    [1, 200, 12],
    [5, 100, 20],
    [5, 200, 26],
    [3, 250, 10 + 3 + 0.25 * (30 + 15 - 13)],
  ])('%s requests of %s tokens take %s ms', (requests, context, ms) => {
    expect(model.stepNs(batch(requests, context))).toBe(Math.round(ms * 1e6));
    expect(model.numClamped).toBe(0);
  });
});

test('outside, the time of the nearest edge, and it is counted', () => {
  const model = tableStepTime(readStepTable(GRID, 'g.csv'));
  expect(model.stepNs(batch(20, 300))).toBe(50e6);
  expect(model.stepNs(batch(1, 50))).toBe(10e6);
  expect(model.stepNs(batch(9, 1e6))).toBe(50e6);
  expect(model.numClamped).toBe(3);
});

test('a plane is met everywhere, whatever the grid and the order of rows', () => {
  const axis = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      axis,
      axis,
      fc.nat(400),
      fc.nat(400),
      fc.boolean(),
      (xs, ys, decodes, prefill, isReversed) => {
        const plane = (x: number, y: number) => 1 + x / 8 + y / 16;
        const rows = xs.flatMap((x) => ys.map((y) => `${plane(x, y)},${y},${x}`));
        if (isReversed) rows.reverse();
        const model = tableStepTime(
          readStepTable(`ms,prefill_tokens,decodes\n${rows.join('\n')}`, 'plane.csv'),
        );
        const clamp = (n: number, axis: number[]) =>
          Math.min(Math.max(n, Math.min(...axis)), Math.max(...axis));
        const shape = batch(decodes, 100, prefill);
        if (shape.numRequests === 0) return;
        const expected = plane(clamp(decodes, xs), clamp(prefill, ys)) * 1e6;
        expect(Math.abs(model.stepNs(shape) - expected)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test('the context of a batch is the mean of what its requests see, new tokens included', () => {
  const model = tableStepTime(readStepTable('context,ms\n0,0\n1000,1000', 'c.csv'));
  expect(model.stepNs(batch(3, 100, 200, 500))).toBe((300 + 700) * 0.25e6);
  expect(model.stepNs(batch(0, 0))).toBe(1);
});

describe('a table that cannot be used is refused with its place', () => {
  test.each([
    [
      'speed,ms',
      't.csv:1:1: "speed" is no column of a table of step times: expected ms and at least one of requests',
    ],
    ['tokens,mss\n1,2', 't.csv:1:8: "mss" is no column of a table of step times: did you mean ms?'],
    ['ms\n2', 't.csv:1:1: expected the columns ms and at least one of'],
    ['tokens,context\n1,2', 't.csv:1:1: expected the columns ms'],
    ['tokens,tokens,ms\n1,1,1', 't.csv:1:1: a column stands here a second time'],
    ['batch,requests,ms\n1,1,1', 't.csv:1:1: a column stands here a second time'],
    ['tokens,ms\n1,2\n5', 't.csv:3:1: the row has 1 of 2 fields: is the file cut off?'],
    ['tokens,ms\n1,fast', 't.csv:2:3: ms: expected milliseconds from 0 to 3600000, got "fast"'],
    ['tokens,ms\n1,-2', 't.csv:2:3: ms: expected milliseconds'],
    ['tokens,ms\n,2', 't.csv:2:1: tokens: expected a number, 0 or more, got ""'],
    ['tokens,ms\n1,2\n\n1,3', 't.csv:4:1: an earlier row has the same place in the table'],
    ['tokens,ms', 't.csv:1:1: the table has no rows'],
    [
      'decodes,context,ms\n1,100,2\n1,200,3\n2,100,4',
      't.csv:1:1: expected a row for every combination of the values of decodes and context; missing: decodes 2, context 200',
    ],
  ])('%j', (text, message) => {
    let problems: string[] = [];
    try {
      readStepTable(text, 't.csv');
    } catch (error) {
      if (error instanceof InputError) problems = error.problems.map(formatProblem);
    }
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});
