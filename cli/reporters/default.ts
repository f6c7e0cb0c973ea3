import pc from 'picocolors';
import type { Plan } from '../../sim/memory/plan.ts';
import { failureReport, runReport } from '../report.ts';
import { findingsOf, gatesNothing } from './findings.ts';
import { plain } from './plain.ts';
import type { Finding, Reporter } from './reporter.ts';

const LABELS = { passed: 'passed', failed: 'FAILED', warning: 'warning' } as const;
const PAINT = { passed: pc.green, failed: pc.red, warning: pc.yellow } as const;

/** For people, on a terminal. */
export const defaultReporter: Reporter = {
  each(result) {
    if ('problems' in result) return '';
    const { run, written } = result;
    const [{ plan, recording, replicas, summary, moe }] = run.runs;
    const lines = [
      ...written,
      plan.starts && recording !== null && summary !== null
        ? runReport(run.scenario, plan, recording, summary, moe, replicas)
        : failureReport(run.scenario, plan as Extract<Plan, { starts: false }>),
    ];
    const [, ...checks] = findingsOf(run);
    for (const text of run.outcomes) lines.push(row('FAILED', pc.red, text));
    lines.push(...checks.flatMap(checkLines));
    if (gatesNothing(run)) {
      lines.push(row('note', pc.yellow, '0 gating checks: every expectation is a warning'));
    }
    if (run.passed && run.scenario.expect.starts === false) lines.push('  as expected');
    return `${lines.map(plain).join('\n')}\n`;
  },
};

function checkLines({ title, verdict, lines }: Finding): string[] {
  const [metric] = title.split(': ');
  const [found, ...reasons] = lines;
  return [
    row(LABELS[verdict], PAINT[verdict], `${metric}: ${found}`),
    ...reasons.map((text) => row('', pc.dim, pc.dim(text))),
  ];
}

function row(label: string, paint: (text: string) => string, text: string): string {
  return `  ${paint(label.padEnd(11))}${text}`;
}
