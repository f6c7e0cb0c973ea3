import { formatProblem } from '../../sim/error.ts';
import { oneLine } from '../../sim/one-line.ts';
import type { Override } from '../../sim/scenario/overrides.ts';
import { ExitCode } from '../exit-code.ts';
import type { ProgressBar } from '../progress.ts';
import { remark } from '../tell.ts';
import type { Executor } from './local-executor.ts';
import type { ResultStore } from './result-store.ts';
import type { PointOutcome } from './run-point.ts';

/** A point that has no result yet. */
export interface PendingPoint {
  readonly digest: string;
  readonly title: string;
  readonly overrides: readonly Override[];
}

/**
 * Runs points and keeps each result as soon as it is there. What has none is told on stderr.
 * @returns the exit code: OK, or why points are missing.
 */
export async function runPoints(
  points: readonly PendingPoint[],
  executor: Executor,
  store: ResultStore,
  bar: ProgressBar,
): Promise<number> {
  const told = new Set<string>();
  const tell = (text: string) => {
    if (!told.has(text)) remark(text);
    told.add(text);
  };
  let numDone = 0;
  const codes = await Promise.all(
    points.map(async ({ digest, title, overrides }) => {
      const outcome = await executor.run(overrides, digest);
      if (outcome.kind === 'done') store.write(digest, outcome.result);
      bar.update(++numDone / points.length, `${numDone} of ${points.length} points`);
      return codeOf(outcome, oneLine(title), tell);
    }),
  );
  return Math.max(ExitCode.Ok, ...codes);
}

function codeOf(outcome: PointOutcome, title: string, tell: (text: string) => void): number {
  switch (outcome.kind) {
    case 'done':
      return ExitCode.Ok;
    case 'invalid':
      for (const problem of outcome.problems) tell(formatProblem(problem));
      return ExitCode.BadInput;
    case 'limit':
      tell(`${title}: ${outcome.message}`);
      return ExitCode.Limit;
    case 'fault':
      tell(
        `A fault in Poolscope; please report it with the input that caused it: ${title}\n${outcome.message}`,
      );
      return ExitCode.Fault;
  }
}
