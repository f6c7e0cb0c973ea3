import type { Command } from 'commander';
import { gpuCountOption, gpuOption, INPUTS, setOption } from '../arguments.ts';
import { type PlanOptions, plan } from '../plan.ts';

/** Adds `poolscope plan`. */
export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('memory by kind and rank at start-up, blocks and tokens; or why vLLM would not start')
    .argument('<FILE...>', INPUTS)
    .addOption(gpuOption())
    .addOption(gpuCountOption())
    .option('--vllm <VERSION>', 'rules of 0.6.3 or 2026-05, in place of what a file says')
    .option('--config <PATH>', "the model's config.json, if the catalogue does not know it")
    .addOption(setOption())
    .option('--json', 'print the results as JSON')
    .action((files: string[], options: PlanOptions) => {
      process.exitCode = plan(files, options);
    });
}
