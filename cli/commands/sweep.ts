import { type Command, Option } from 'commander';
import { positiveNumber, setOption, wholeNumber } from '../arguments.ts';
import { SWEEP_REPORTERS } from '../sweep/formats.ts';
import { merge } from '../sweep/merge.ts';
import { type SweepOptions, sweep } from '../sweep/sweep.ts';

/** Adds `poolscope sweep …`. */
export function addSweep(program: Command): void {
  const sweeping = program
    .command('sweep')
    .description('run every point of a scenario’s sweep, on all cores')
    .argument('<FILE>', 'a scenario with a sweep')
    .addOption(
      new Option('--workers <N>', 'how many points at a time (default: as many as there are cores)')
        .argParser(wholeNumber(1))
        .conflicts('queue'),
    )
    .option(
      '--queue <URL>',
      'let workers run the points that take them from this Redis, like redis://localhost:6379',
    )
    .option('--resume [DIR]', 'keep results in DIR, and run only points that have none there')
    .option(
      '--shard <I/N>',
      'only the I-th of N shares of the points; N alone takes I from Kubernetes or Slurm',
    )
    .option('--dry-run', 'list the points instead of running them')
    .option('--timeout <SECONDS>', 'give a point up that takes longer', positiveNumber)
    .addOption(setOption())
    .addOption(sweepReporterOption())
    .option('--json', 'print the results as JSON: short for --reporter json')
    .option('--output <FILE>', 'write the results to FILE instead of stdout')
    .action(async (file: string, options: SweepOptions) => {
      process.exitCode = await sweep(file, options);
    });

  sweeping
    .command('merge')
    .description('one report of the results of several shards')
    .argument('<DIR...>', 'folders of results')
    .addOption(sweepReporterOption())
    .option('--json', 'print the results as JSON: short for --reporter json')
    .option('--output <FILE>', 'write the results to FILE instead of stdout')
    .action((folders: string[], _: object, command: Command) => {
      process.exitCode = merge(folders, command.optsWithGlobals());
    });
}

function sweepReporterOption(): Option {
  return new Option('--reporter <NAME>', 'form of the results').choices(SWEEP_REPORTERS).conflicts('json');
}
