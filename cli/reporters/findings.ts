import { adviceText } from '../../sim/memory/plan.ts';
import type { MetricCheck } from '../../sim/report/check-metrics.ts';
import { shellText } from '../../sim/scenario/shell-words.ts';
import type { GoldenCheck } from '../golden.ts';
import type { Check, ScenarioRun } from '../run-scenario.ts';
import type { Finding } from './reporter.ts';

/** What a run was checked for, the outcome first. */
export function findingsOf(run: ScenarioRun): Finding[] {
  const { scenario, outcomes, checks, golden } = run;
  const { starts, because } = scenario.expect;
  const wanted =
    starts === false ? `vLLM does not start${because ? `: ${because}` : ''}` : 'vLLM starts and the run ends';
  return [
    {
      title: wanted,
      verdict: outcomes.length > 0 ? 'failed' : 'passed',
      lines: outcomes.length > 0 ? [...outcomes, ...startLines(run)] : [],
      path: 'expect.starts',
    },
    ...(golden === null ? [] : [goldenFinding(golden)]),
    ...checks.map((check): Finding => {
      const { metric, expression, severity, path } = check.expectation;
      return {
        title: `${metric}: ${expression.text}`,
        verdict: check.passed ? 'passed' : severity === 'warning' ? 'warning' : 'failed',
        lines: [foundLine(check), ...reasonLines(check, run)],
        path,
        ...(check.why !== null &&
          check.worst.seed === scenario.seed && {
            at: { engine: check.why.engine ?? 0, step: check.why.step },
          }),
      };
    }),
  ];
}

function goldenFinding({ path, passed, lines }: GoldenCheck): Finding {
  return { title: `golden: ${path}`, verdict: passed ? 'passed' : 'failed', lines, path: 'golden' };
}

/** Why vLLM did not start, in its words, and what would help. */
function startLines({ runs }: ScenarioRun): string[] {
  const [{ plan }] = runs;
  return plan.starts ? [] : [plan.message, adviceText(plan)];
}

/** Whether all that is asked of metrics is asked as a warning. */
export function gatesNothing({ checks }: ScenarioRun): boolean {
  return checks.length > 0 && checks.every(({ expectation }) => expectation.severity === 'warning');
}

/** "expected p(99) < 2 s, got 4.15 s". */
export function foundLine({
  expectation,
  unit,
  passed,
  actual,
  bound,
  worst,
  mean,
  seeds,
  problem,
}: MetricCheck): string {
  const { expression, aggregate } = expectation;
  const { name, p } = expression.aggregate;
  if (problem !== null) return `expected ${expression.text}, got nothing: ${problem}`;
  const exact = !passed && shown(actual, unit) === shown(bound, unit);
  const value = (n: number | null) => (exact ? String(n) : shown(n, unit));
  const asked = `${name === 'p' ? `p(${p})` : name} ${expression.operator} ${value(bound)}`;
  const got = passed ? `${asked}: ${value(actual)}` : `expected ${asked}, got ${value(actual)}`;
  if (seeds.length === 1) return got;
  return aggregate === 'mean'
    ? `${got} (mean of ${seeds.length} seeds; worst ${value(worst.actual)}, seed ${worst.seed})`
    : `${got} (worst of ${seeds.length} seeds, seed ${worst.seed}; mean ${value(mean)})`;
}

function reasonLines({ why, worst }: Check, { scenario, explainWith }: ScenarioRun): string[] {
  if (why === null) return [];
  const where = `${why.what}: step ${why.step}, at ${shown(why.startNs / 1e9, 'seconds')}`;
  if (explainWith === null) return [where, ...why.reasons];
  const words = [
    ...['poolscope', 'explain', scenario.file, '--step', String(why.step)],
    ...(why.request === null ? [] : ['--request', why.request]),
    ...(why.engine === null ? [] : ['--replica', String(why.engine)]),
    ...(worst.seed === scenario.seed ? [] : ['--seed', String(worst.seed)]),
    ...explainWith,
  ];
  return [where, ...why.reasons, shellText(words)];
}

/** A value in its unit, four digits of it. */
export function shown(value: number | null, unit: Check['unit']): string {
  if (value === null) return 'nothing';
  if (unit === 'seconds') return Math.abs(value) >= 1 ? `${digits(value)} s` : `${digits(value * 1000)} ms`;
  if (unit === 'share') return `${digits(value * 100)} %`;
  if (unit === 'bytes') return `${digits(value / 1024 / 1024)} MiB`;
  if (unit === 'ratio') return `${digits(value)} ×`;
  return unit === 'per second' ? `${digits(value)}/s` : digits(value);
}

function digits(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}
