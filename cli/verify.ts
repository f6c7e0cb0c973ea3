import pc from 'picocolors';
import { InputError } from '../sim/error.ts';
import { type CaseResult, compareCase } from '../sim/verify/compare-case.ts';
import { parseCase } from '../sim/verify/parse-case.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow, readText, shownPath } from './files.ts';

/** `poolscope verify scheduler`: replays recorded cases. Returns the exit code. */
export function verifyScheduler(paths: readonly string[], options: { readonly json?: boolean }): number {
  const results: (CaseResult & { file: string })[] = [];
  const unsupported: string[] = [];
  for (const file of filesBelow(paths, ['.json', '.json.gz'])) {
    const kase = parseCase(readText(file), shownPath(file));
    if (kase === null) unsupported.push(shownPath(file));
    else results.push({ file: shownPath(file), ...compareCase(kase) });
  }
  if (results.length === 0) {
    throw new InputError([{ file: paths.join(', '), message: 'holds no recorded case of a scheduler' }]);
  }
  const exact = results.filter((result) => result.difference === null).length;
  if (options.json) {
    console.log(JSON.stringify({ cases: results.length, exact, results, unsupported }, null, 2));
  } else {
    printByCategory(results);
    for (const { name, difference } of results) {
      if (difference === null) continue;
      console.log(`${pc.red('differs')}  ${name}: step ${difference.step}, ${difference.field}`);
      console.log(`           vLLM       ${shown(difference.expected)}`);
      console.log(`           Poolscope  ${shown(difference.actual)}`);
    }
    for (const file of unsupported) console.log(pc.dim(`skipped  ${file}: no case of a scheduler`));
    console.log(`${exact} of ${results.length} cases exact`);
  }
  return exact === results.length ? ExitCode.Ok : ExitCode.CheckFailed;
}

function printByCategory(results: readonly CaseResult[]): void {
  const byCategory = new Map<string, { cases: number; exact: number; steps: number }>();
  for (const { category, difference, numSteps } of results) {
    const entry = byCategory.get(category) ?? { cases: 0, exact: 0, steps: 0 };
    entry.cases++;
    entry.steps += numSteps;
    if (difference === null) entry.exact++;
    byCategory.set(category, entry);
  }
  for (const [category, { cases, exact, steps }] of [...byCategory].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const mark = exact === cases ? pc.green('exact') : pc.red('      ');
    console.log(`${mark}  ${category.padEnd(20)} ${exact} of ${cases} cases, ${steps} steps`);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
