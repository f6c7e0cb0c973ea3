import pc from 'picocolors';
import { InputError } from '../sim/error.ts';
import { clipped } from '../sim/one-line.ts';
import { parseAllocatorCase } from '../sim/verify/allocator-case.ts';
import { compareAllocatorCase } from '../sim/verify/compare-allocator-case.ts';
import { compareCase } from '../sim/verify/compare-case.ts';
import { parseCase } from '../sim/verify/parse-case.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow, readText, shownPath } from './files.ts';

interface Result {
  readonly name: string;
  readonly category: string;
  readonly difference: {
    readonly field: string;
    readonly expected: unknown;
    readonly actual: unknown;
  } | null;
}

/** How cases of one kind are replayed and spoken of. */
interface Kind<R extends Result> {
  /** What such a case is of. */
  readonly subject: string;
  /** Who decided what is recorded. */
  readonly system: string;
  /** Replays a file; null if it is of another kind. */
  readonly verify: (text: string, file: string) => R | null;
  readonly place: (difference: NonNullable<R['difference']>) => string;
  readonly size: (results: readonly R[]) => string;
}

type Options = { readonly json?: boolean };

/** `poolscope verify scheduler`: replays recorded cases. Returns the exit code. */
export function verifyScheduler(paths: readonly string[], options: Options): number {
  return verify(paths, options, {
    subject: 'a scheduler',
    system: 'vLLM',
    verify: (text, file) => {
      const kase = parseCase(text, file);
      return kase && compareCase(kase);
    },
    place: ({ step }) => `step ${step}`,
    size: (results) => `${sum(results, (result) => result.numSteps)} steps`,
  });
}

/** `poolscope verify allocator`: the same for PyTorch's caching allocator. */
export function verifyAllocator(paths: readonly string[], options: Options): number {
  return verify(paths, options, {
    subject: "PyTorch's allocator",
    system: 'PyTorch',
    verify: (text, file) => {
      const kase = parseAllocatorCase(text, file);
      return kase && compareAllocatorCase(kase);
    },
    place: ({ op }) => `op ${op}`,
    size: (results) => `${sum(results, (result) => result.numOps)} operations`,
  });
}

function verify<R extends Result>(paths: readonly string[], options: Options, kind: Kind<R>): number {
  const results: (R & { file: string })[] = [];
  const unsupported: string[] = [];
  for (const file of filesBelow(paths, ['.json', '.json.gz'])) {
    const result = kind.verify(readText(file), shownPath(file));
    if (result === null) unsupported.push(shownPath(file));
    else results.push({ file: shownPath(file), ...result });
  }
  if (results.length === 0) {
    throw new InputError([{ file: paths.join(', '), message: `holds no recorded case of ${kind.subject}` }]);
  }
  const exact = numExact(results);
  if (options.json) {
    console.log(JSON.stringify({ cases: results.length, exact, results, unsupported }, null, 2));
  } else {
    printByCategory(results, kind.size);
    for (const { name, difference } of results) {
      if (difference === null) continue;
      console.log(`${pc.red('differs')}  ${name}: ${kind.place(difference)}, ${difference.field}`);
      console.log(`           ${kind.system.padEnd(9)}  ${shown(difference.expected)}`);
      console.log(`           Poolscope  ${shown(difference.actual)}`);
    }
    for (const file of unsupported) console.log(pc.dim(`skipped  ${file}: no case of ${kind.subject}`));
    console.log(`${exact} of ${results.length} cases exact`);
  }
  return exact === results.length ? ExitCode.Ok : ExitCode.CheckFailed;
}

function printByCategory<R extends Result>(
  results: readonly R[],
  size: (results: readonly R[]) => string,
): void {
  for (const category of [...new Set(results.map((result) => result.category))].sort()) {
    const members = results.filter((result) => result.category === category);
    const exact = numExact(members);
    const mark = exact === members.length ? pc.green('exact  ') : pc.red('differs');
    console.log(`${mark}  ${category.padEnd(20)} ${exact} of ${members.length} cases, ${size(members)}`);
  }
}

function numExact(results: readonly Result[]): number {
  return results.filter((result) => result.difference === null).length;
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return clipped(text, 200);
}
