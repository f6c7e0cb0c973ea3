import type { Command } from 'commander';
import { init } from '../init.ts';

/** Adds `poolscope init`. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a first scenario')
    .argument('[FILE]', 'where to', 'first.pool.yaml')
    .action((file: string) => {
      process.exitCode = init(file);
    });
}
