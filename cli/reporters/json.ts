import type { Recording } from '../../sim/recording/recording.ts';
import { costOf } from '../../sim/report/cost.ts';
import { summarizeReplicas } from '../../sim/report/replicas.ts';
import { timeBasis } from '../../sim/time/time-basis.ts';
import type { FileResult, Reporter } from './reporter.ts';

/** For programs. */
export const jsonReporter: Reporter = {
  needsEvents: true,
  end(results, exitCode) {
    const problems = results.flatMap((result) => ('problems' in result ? result.problems : []));
    return JSON.stringify({ results: results.flatMap(resultOf), problems, exitCode }, null, 2);
  },
};

function resultOf(result: FileResult): object[] {
  if ('problems' in result) return [];
  const { scenario, runs, outcomes, checks, golden, passed, digest } = result.run;
  const failures = checks
    .filter((check) => !check.passed && check.expectation.severity === 'error')
    .map(({ expectation }) => `${expectation.metric}: ${expectation.expression.text}`);
  const [{ plan, recording, replicas, summary, moe }] = runs;
  return [
    {
      file: scenario.file,
      name: scenario.name,
      passed,
      failures: [...outcomes, ...failures, ...(golden?.passed === false ? [`golden: ${golden.path}`] : [])],
      checks: checks.map(({ expectation, ...check }) => ({
        metric: expectation.metric,
        check: expectation.expression.text,
        severity: expectation.severity,
        aggregate: expectation.aggregate,
        ...check,
      })),
      golden,
      plan,
      summary,
      times: recording && timesOf(recording),
      cost: summary && costOf(scenario, summary),
      moe,
      ...(replicas.length > 1 && { replicas: summarizeReplicas(replicas) }),
      ...(runs.length > 1 && { seeds: runs.map((run) => ({ seed: run.seed, summary: run.summary })) }),
      digest,
    },
  ];
}

/** What the times rest on; null where every step takes the same. */
function timesOf({ header: { timing, stepTable } }: Recording): object | null {
  if (timing !== undefined) return timeBasis(timing);
  return stepTable === undefined ? null : { badge: 'user-given', ...stepTable };
}
