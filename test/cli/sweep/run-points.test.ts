import { expect, test, vi } from 'vitest';
import { ExitCode } from '../../../cli/exit-code.ts';
import { ProgressBar } from '../../../cli/progress.ts';
import { ResultStore } from '../../../cli/sweep/result-store.ts';
import type { PointOutcome } from '../../../cli/sweep/run-point.ts';
import { runPoints } from '../../../cli/sweep/run-points.ts';
import { scratchFolder } from '../cli.ts';

const { folder } = scratchFolder();

/** Points that come to these outcomes: the exit code, and what is told of them. */
async function told(...outcomes: readonly PointOutcome[]): Promise<{ code: number; lines: unknown[] }> {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => {});
  const executor = {
    run: async (_: unknown, digest: string) => outcomes[Number(digest)],
    close: async () => {},
  };
  const points = outcomes.map((_, i) => ({ digest: `${i}`, title: `point ${i}`, overrides: [] }));
  const code = await runPoints(points, executor, new ResultStore(folder), new ProgressBar('test'));
  const lines = spy.mock.calls.map(([line]) => line);
  spy.mockRestore();
  return { code, lines };
}

test('what is wrong with many points is told once; the gravest decides the exit code', async () => {
  const wrong: PointOutcome = { kind: 'invalid', problems: [{ file: 'a', message: 'is wrong' }] };
  const late: PointOutcome = { kind: 'limit', message: 'takes longer' };
  expect(await told(wrong, late, wrong)).toEqual({
    code: ExitCode.Limit,
    lines: ['a: is wrong', 'point 1: takes longer'],
  });
});

test('results are kept, and nothing is told of them', async () => {
  expect(await told({ kind: 'done', result: '{}' })).toEqual({ code: ExitCode.Ok, lines: [] });
});
