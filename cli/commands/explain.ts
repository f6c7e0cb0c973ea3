import type { Command } from 'commander';
import { RUN, setOption, wholeNumber, withMachineOptions } from '../arguments.ts';
import { type ExplainOptions, explain } from '../explain.ts';

/** Adds `poolscope explain`. */
export function addExplain(program: Command): void {
  withMachineOptions(program.command('explain'))
    .description(
      'what mattered most in a run, or why a step scheduled, preempted, admitted and evicted as it did',
    )
    .argument('<FILE>', RUN)
    .option('--step <N>', 'the step, from 0 (without: the moments that mattered most)', wholeNumber(0))
    .option('--request <ID>', 'only what concerns this request')
    .option('--block <B>', 'only what concerns this block', wholeNumber(0))
    .option('--replica <N>', 'of a scenario with several engines, the one that is meant', wholeNumber(0))
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
    .addOption(setOption())
    .option('--json', 'print the reasons as JSON')
    .action((file: string, options: ExplainOptions) => {
      process.exitCode = explain(file, options);
    });
}
