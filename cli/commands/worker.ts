import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type WorkerOptions, worker } from '../sweep/queue-worker.ts';

/** Adds `poolscope worker`. */
export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('run points of sweeps that come over a queue, until it is stopped')
    .requiredOption('--queue <URL>', 'the Redis of the queue, like redis://localhost:6379')
    .option(
      '--workers <N>',
      'how many points at a time (default: as many as there are cores)',
      wholeNumber(1),
    )
    .action(async (options: WorkerOptions) => {
      await worker(options);
    });
}
