import { type Command, Option } from 'commander';
import { type Override, parseOverride } from '../../sim/scenario/overrides.ts';
import { positiveNumber, setOption, wholeNumber } from '../arguments.ts';
import { GOALS } from '../tune/goals.ts';
import { type TuneOptions, tune } from '../tune/tune.ts';

/** Adds `poolscope tune`. */
export function addTune(program: Command): void {
  program
    .command('tune')
    .description('search the flags that matter for the best configuration within the scenario’s expectations')
    .argument('<FILE>', 'a scenario')
    .addOption(new Option('--goal <NAME>', 'what is best').choices(GOALS).default('highest-load'))
    .addOption(
      new Option(
        '--axis <KEY=[VALUES]>',
        'try these values, like engine.max-num-seqs=[64,128] (repeatable)',
      ).argParser((text: string, before: Override[] = []) => [...before, parseOverride(text)]),
    )
    .option('--gpu <ID...>', 'only these GPUs, for smallest-gpu and lowest-cost')
    .option('--price <GPU=PRICE...>', 'of an hour, for lowest-cost')
    .option(
      '--workers <N>',
      'how many simulations at a time (default: as many as there are cores)',
      wholeNumber(1),
    )
    .option('--timeout <SECONDS>', 'give a configuration up that takes longer', positiveNumber)
    .addOption(setOption())
    .option('--json', 'print the result as JSON')
    .option('--output <FILE>', 'write the result to FILE instead of stdout')
    .action(async (file: string, options: TuneOptions) => {
      process.exitCode = await tune(file, options);
    });
}
