import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type CalibrateOptions, calibrate } from '../calibrate.ts';

/** Adds `poolscope calibrate`. */
export function addCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description('fit the step-time model to measurements of your own, and say how far it was off')
    .argument('<FILE...>', 'results of `vllm bench serve --save-result`, or one table of kernels (*.csv)')
    .option('--scenario <FILE>', "what was measured: a scenario, or a 'vllm serve …' line in quotes")
    .option('--gpu <ID>', "GPU of a 'vllm serve …' line, or of the table")
    .option(
      '--gpu-count <N>',
      'how many of them (default: as many as the parallel sizes need)',
      wholeNumber(1),
    )
    .option('--output <FILE>', 'write what was found, for hardware: {calibration: FILE}')
    .option('--json', 'print the results as JSON')
    .action((files: string[], options: CalibrateOptions) => {
      process.exitCode = calibrate(files, options);
    });
}
