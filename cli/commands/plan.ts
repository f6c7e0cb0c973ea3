import type { Command } from 'commander';
import { INPUTS, setOption, withMachineOptions } from '../arguments.ts';
import { type PlanOptions, plan } from '../plan.ts';

/** Adds `poolscope plan`. */
export function addPlan(program: Command): void {
  withMachineOptions(program.command('plan'))
    .description('memory by kind and rank at start-up, blocks and tokens; or why vLLM would not start')
    .argument('<FILE...>', INPUTS)
    .addOption(setOption())
    .option('--json', 'print the results as JSON')
    .action((files: string[], options: PlanOptions) => {
      process.exitCode = plan(files, options);
    });
}
