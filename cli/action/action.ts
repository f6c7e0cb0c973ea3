import { appendFileSync, writeFileSync } from 'node:fs';
import { formatProblem, InputError } from '../../sim/error.ts';
import { ExitCode } from '../exit-code.ts';
import { sourcesOf } from '../load.ts';
import { findingsOf } from '../reporters/findings.ts';
import { commandText } from '../reporters/plain.ts';
import type { FileResult } from '../reporters/reporter.ts';
import { REPORTERS, type ReporterName } from '../reporters/reporters.ts';
import { resultOf } from '../run-file.ts';
import { type ActionInputs, readInputs } from './inputs.ts';
import { comment, pullRequestOf } from './pull-request.ts';

/*
 * The GitHub Action of action.yml: runs scenarios, annotates lines, writes the step's summary, and keeps one comment of
 * the pull request up to date.
 */

async function main(): Promise<number> {
  const inputs = readInputs(process.env);
  const results = sourcesOf(inputs.scenarios).map((source) =>
    resultOf(source, { baseline: inputs.baseline ?? undefined, reporter: inputs.reports }),
  );
  const code = Math.max(...results.map((result) => codeOf(result, inputs.failOn)));
  const text = (name: ReporterName) => {
    const { each, end } = REPORTERS[name];
    return [...results.map((result) => each?.(result)), end?.(results, code)].filter(Boolean).join('\n');
  };
  console.log(text('github'));
  for (const { name, path } of inputs.reports) writeFileSync(path, `${text(name)}\n`);
  const failed = results.filter((result) => 'problems' in result || !result.run.passed).length;
  const outputs = { passed: results.length - failed, failed, 'exit-code': code };
  const path = process.env.GITHUB_OUTPUT;
  if (path) {
    const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
    appendFileSync(path, lines.join(''));
  }
  if (inputs.comment) await tryToComment(inputs, text('markdown'));
  return code;
}

/** A token that may not write, as in a fork's pull request, fails nothing. */
async function tryToComment({ token }: ActionInputs, text: string): Promise<void> {
  const pullRequest = pullRequestOf(process.env, token);
  if (pullRequest === null) return;
  try {
    await comment(pullRequest, text);
  } catch (error) {
    const message = `Poolscope could not comment on the pull request: ${(error as Error).message}`;
    console.log(`::warning title=Poolscope::${commandText(message)}`);
  }
}

function codeOf(result: FileResult, failOn: ActionInputs['failOn']): number {
  if ('problems' in result) return result.code;
  const verdicts = findingsOf(result.run).map(({ verdict }) => verdict);
  const fails =
    (failOn !== 'never' && !result.run.passed) || (failOn === 'warning' && verdicts.includes('warning'));
  return fails ? ExitCode.CheckFailed : ExitCode.Ok;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (error instanceof InputError) {
      for (const problem of error.problems) console.log(`::error::${commandText(formatProblem(problem))}`);
      process.exitCode = ExitCode.BadInput;
    } else {
      console.log('::error::A fault in Poolscope; please report it with the scenario that caused it.');
      console.error(error);
      process.exitCode = ExitCode.Fault;
    }
  },
);
