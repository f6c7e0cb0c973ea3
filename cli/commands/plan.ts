import type { Command } from 'commander';
import { INPUTS, setOption, wholeNumber } from '../arguments.ts';
import { type PlanOptions, plan } from '../plan.ts';

/** Adds `poolscope plan`. */
export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('memory by kind and rank at start-up, blocks and tokens; or why vLLM would not start')
    .argument('<FILE...>', INPUTS)
    .option('--gpu <ID>', "GPU of a 'vllm serve …' line (default: a100-80g-sxm), or another than the file's")
    .option(
      '--gpu-count <N>',
      'how many of them (default: as many as the parallel sizes need)',
      wholeNumber(1),
    )
    .option('--vllm <VERSION>', "version for a 'vllm serve …' line: 0.6.3 or 2026-05")
    .option('--config <PATH>', "the model's config.json, if the catalogue does not know it")
    .addOption(setOption())
    .option('--json', 'print the results as JSON')
    .action((files: string[], options: PlanOptions) => {
      process.exitCode = plan(files, options);
    });
}
