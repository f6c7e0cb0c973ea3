import type { Command } from 'commander';
import { setOption } from '../arguments.ts';
import { type CheckOptions, check } from '../check.ts';

/** Adds `poolscope check`. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('validate scenario files without running them')
    .argument('<FILE...>', 'scenario files or folders')
    .addOption(setOption())
    .action((files: string[], options: CheckOptions) => {
      process.exitCode = check(files, options);
    });
}
