import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from './exit-code.ts';
import { FileRunner } from './file-runner.ts';
import { shownPath, stampOf } from './files.ts';
import type { FileResult } from './reporters/reporter.ts';
import { filesOf, type RunOptions, runFiles } from './run.ts';
import { remark } from './tell.ts';
import { counted } from './text.ts';

/** Looking at so few files is cheap, and works on every file system, in containers too. */
const LOOK_EVERY_MS = 200;

/** `poolscope run --watch`: runs again what depends on a file that changed, until Ctrl-C. Returns the exit code. */
export async function watch(inputs: readonly string[], options: RunOptions): Promise<number> {
  const files = filesOf(inputs, options);
  const known = new Map<string, FileResult>();
  const runner = new FileRunner();
  try {
    for (;;) {
      const { code, results } = await runFiles(files, options, runner, known);
      if (code === ExitCode.Interrupted) return code;
      for (const [i, result] of results.entries()) known.set(files[i], result);
      const seen = new Map(files.flatMap((file) => [...(runner.filesRead.get(file) ?? [])]));
      remark(`watching ${counted(seen.size, 'file')}; Ctrl-C ends it`);
      const changed = await nextChange(seen, runner.interrupted);
      if (changed === null) return ExitCode.Interrupted;
      remark(`\nchanged: ${changed.map(shownPath).join(', ')}`);
      for (const [file, read] of runner.filesRead) {
        if (changed.some((path) => read.has(path))) known.delete(file);
      }
    }
  } finally {
    await runner.close();
  }
}

/** The files that are not as they were seen, once they stay as they are; null: Ctrl-C. */
async function nextChange(
  seen: ReadonlyMap<string, string>,
  interrupted: AbortSignal,
): Promise<string[] | null> {
  for (let before = ''; ; ) {
    const changed = [...seen.keys()].filter((path) => stampOf(path) !== seen.get(path));
    const now = changed.map(stampOf).join();
    // Who writes a file may not be done with it.
    if (changed.length > 0 && now === before) return changed;
    before = now;
    try {
      await sleep(LOOK_EVERY_MS, undefined, { signal: interrupted });
    } catch {
      return null;
    }
  }
}
