import { expect, test } from 'vitest';
import type { Manifest } from '../../../cli/sweep/manifest.ts';
import { reportOf } from '../../../cli/sweep/report.ts';
import type { PointResult, Row } from '../../../cli/sweep/run-point.ts';

/** A sweep over two axes in which a point's tokens a second are known. */
function sweepOf(tokensPerSecond: readonly (readonly number[])[]) {
  const axes = ['engine.max-num-seqs', 'engine.block-size'];
  const points = tokensPerSecond.flatMap((line, i) =>
    line.map((_, j) => ({ name: null, settings: { [axes[0]]: i, [axes[1]]: j } })),
  );
  const rows = tokensPerSecond.flat().map((outputTokensPerSecond, index): Row => {
    const summary = { throughput: { outputTokensPerSecond } } as PointResult['seeds'][0]['summary'];
    const result = { passed: true, outcomes: [], checks: [], seeds: [{ seed: 1, summary, cost: null }] };
    return { index, result: result as unknown as PointResult };
  });
  return reportOf({ axes, points, trends: [] } as unknown as Manifest, rows);
}

test('of two axes the one that moves throughput further is named, from its least to its most', () => {
  const { influence } = sweepOf([
    [10, 12],
    [30, 32],
  ]);
  expect(influence).toMatchObject([
    { axis: 'engine.max-num-seqs', least: { value: 0, mean: 11 }, most: { value: 1, mean: 31 } },
  ]);
  const turned = sweepOf([
    [30, 10],
    [31, 12],
  ]);
  expect(turned.influence).toMatchObject([
    { axis: 'engine.block-size', least: { value: 1, mean: 11 }, most: { value: 0, mean: 30.5 } },
  ]);
});

test('of equals the first is named; where nothing moves, nothing is', () => {
  expect(
    sweepOf([
      [10, 10],
      [20, 20],
      [10, 20],
      [20, 10],
    ]).influence[0],
  ).toMatchObject({ least: { value: 0 }, most: { value: 1 } });
  expect(sweepOf([[7, 7]]).influence).toEqual([]);
});
