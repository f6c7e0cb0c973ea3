import { formatProblem } from '../../sim/error.ts';
import { ExitCode } from '../exit-code.ts';
import { findingsOf } from './findings.ts';
import { xml } from './plain.ts';
import type { FileResult, Finding, Reporter } from './reporter.ts';

/** JUnit XML as Jenkins and GitLab read it: a suite for each file, a case for each thing that it expects. */
export const junitReporter: Reporter = {
  end(results) {
    const suites = results.map(suiteOf);
    const sum = (key: 'tests' | 'failures' | 'errors') => suites.reduce((n, suite) => n + suite[key], 0);
    const counts = `tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}"`;
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites name="poolscope" ${counts}>`,
      ...suites.map(({ text }) => text),
      '</testsuites>',
    ].join('\n');
  },
};

/** By exit code: what was expected of a file that gave no results, and what kind of error it is. */
const REFUSALS = {
  [ExitCode.BadInput]: ['valid scenario', 'bad-input'],
  [ExitCode.Fault]: ['no fault in Poolscope', 'fault'],
  [ExitCode.Limit]: ['within its limits', 'limit'],
} as const;

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly text: string;
}

function suiteOf(result: FileResult): Suite {
  if ('problems' in result) {
    const message = result.problems.map(formatProblem).join('\n');
    const [title, type] = REFUSALS[result.code];
    const error = `      <error message="${xml(message)}" type="${type}">${xml(message)}</error>`;
    return suite(result.file, 1, 0, 1, [testcase(title, result.file, [error])]);
  }
  const { scenario } = result.run;
  const findings = findingsOf(result.run);
  const failures = findings.filter(({ verdict }) => verdict === 'failed').length;
  const cases = findings.map((finding) => testcase(finding.title, scenario.file, partsOf(finding)));
  return suite(scenario.name, findings.length, failures, 0, cases);
}

function suite(
  name: string,
  tests: number,
  failures: number,
  errors: number,
  cases: readonly string[],
): Suite {
  const counts = `tests="${tests}" failures="${failures}" errors="${errors}" skipped="0"`;
  const text = [`  <testsuite name="${xml(name)}" ${counts}>`, ...cases, '  </testsuite>'].join('\n');
  return { tests, failures, errors, text };
}

function testcase(name: string, file: string, parts: readonly string[]): string {
  const open = `    <testcase name="${xml(name)}" classname="${xml(file)}"`;
  return parts.length === 0 ? `${open}/>` : [`${open}>`, ...parts, '    </testcase>'].join('\n');
}

function partsOf({ verdict, lines, title }: Finding): string[] {
  if (lines.length === 0) return [];
  const text = xml(lines.join('\n'));
  if (verdict === 'failed') {
    return [`      <failure message="${xml(`${title}: ${lines[0]}`)}" type="expectation">${text}</failure>`];
  }
  const prefix = verdict === 'warning' ? 'warning: ' : '';
  return [`      <system-out>${prefix}${text}</system-out>`];
}
