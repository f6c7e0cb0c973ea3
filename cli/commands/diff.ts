import type { Command } from 'commander';
import { RUN, setOption, withMachineOptions } from '../arguments.ts';
import { type DiffOptions, diff } from '../diff.ts';

/** Adds `poolscope diff`. */
export function addDiff(program: Command): void {
  withMachineOptions(program.command('diff'))
    .description('the first decision in which two runs differ, and how far their results do')
    .argument('<A>', RUN)
    .argument('<B>', 'another')
    .addOption(setOption())
    .option('--json', 'print the differences as JSON')
    .action((a: string, b: string, options: DiffOptions) => {
      process.exitCode = diff(a, b, options);
    });
}
