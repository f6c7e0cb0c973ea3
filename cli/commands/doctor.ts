import type { Command } from 'commander';
import { doctor } from '../doctor.ts';

/** Adds `poolscope doctor`. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine has of what Poolscope uses')
    .action(() => {
      process.exitCode = doctor();
    });
}
