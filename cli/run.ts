import { InputError } from '../sim/error.ts';
import { ExitCode } from './exit-code.ts';
import { FileRunner } from './file-runner.ts';
import { sourcesOf } from './load.ts';
import { printerOf } from './printer.ts';
import { codeOf, type FileResult } from './reporters/reporter.ts';
import { chosenReporters, REPORTERS } from './reporters/reporters.ts';
import type { RunFileOptions } from './run-file.ts';
import { isInShard, shardOf } from './shard.ts';
import { tellProblems } from './tell.ts';

export interface RunOptions extends RunFileOptions {
  /** Stop after the first file that fails. */
  readonly bail?: boolean;
  /** `i/n`: only this share of the files. */
  readonly shard?: string;
}

/** `poolscope run`: simulate, report, check. Returns the exit code. */
export async function run(inputs: readonly string[], options: RunOptions): Promise<number> {
  const files = filesOf(inputs, options);
  const runner = new FileRunner();
  try {
    return (await runFiles(files, options, runner)).code;
  } finally {
    await runner.close();
  }
}

/** The files of the inputs that are this shard's. */
export function filesOf(inputs: readonly string[], { shard, record, kvEvents }: RunOptions): string[] {
  const own = shard === undefined ? null : shardOf(shard, process.env);
  const files = sourcesOf(inputs).filter((_, i) => isInShard(i, own));
  for (const [flag, out] of Object.entries({ '--record': record, '--kv-events': kvEvents })) {
    if (out !== undefined && files.length !== 1) {
      throw new InputError([{ file: flag, message: `takes one scenario, got ${files.length}` }]);
    }
  }
  return files;
}

/**
 * Runs one file after the other. Ctrl-C ends it: reporters tell what is finished.
 * @param known what became of files that need not run again.
 */
export async function runFiles(
  files: readonly string[],
  options: RunOptions,
  runner: FileRunner,
  known: ReadonlyMap<string, FileResult> = new Map(),
): Promise<{ code: number; results: readonly FileResult[] }> {
  const outlets = chosenReporters(options).map(({ name, path }) => ({
    reporter: REPORTERS[name],
    print: printerOf(path ?? options.output),
  }));
  let code: number = ExitCode.Ok;
  const results: FileResult[] = [];
  for (const file of files) {
    const result = known.get(file) ?? (await runner.run(file, options));
    if (result === null) {
      console.error(`interrupted: ${results.length} of ${files.length} finished`);
      code = ExitCode.Interrupted;
      break;
    }
    code = Math.max(code, codeOf(result));
    results.push(result);
    if (known.has(file)) continue;
    if ('problems' in result) {
      tellProblems(result.problems);
      if (result.stack !== undefined) console.error(result.stack);
    }
    for (const { reporter, print } of outlets) print(reporter.each?.(result));
    const left = files.length - results.length;
    if (options.bail && code !== ExitCode.Ok && left > 0) {
      console.error(`stopped at the first failure: ${left} of ${files.length} did not run`);
      break;
    }
  }
  for (const { reporter, print } of outlets) print(reporter.end?.(results, code));
  return { code, results };
}
