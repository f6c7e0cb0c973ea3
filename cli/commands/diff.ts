import type { Command } from 'commander';
import { diff } from '../diff.ts';

/** Adds `poolscope diff`. */
export function addDiff(program: Command): void {
  program
    .command('diff')
    .description('the first decision in which two runs differ, and how far their results do')
    .argument('<A>', 'a recording (*.poolrec) or a scenario')
    .argument('<B>', 'another')
    .option('--json', 'print the differences as JSON')
    .action((a: string, b: string, options: { json?: boolean }) => {
      process.exitCode = diff(a, b, options);
    });
}
