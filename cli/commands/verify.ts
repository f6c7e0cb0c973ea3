import type { Command } from 'commander';
import { verifyAllocator, verifyScheduler } from '../verify.ts';
import { verifyCapacity } from '../verify-capacity.ts';
import { verifyTime } from '../verify-time.ts';

/** Adds `poolscope verify …`. */
export function addVerify(program: Command): void {
  const verify = program.command('verify').description('compare Poolscope with recorded reality');
  verify
    .command('scheduler')
    .description("replay recorded cases of vLLM's scheduler and compare every decision")
    .argument('<PATH...>', 'case files (*.json, *.json.gz) or folders of them')
    .option('--json', 'print the results as JSON')
    .action((paths: string[], options: { json?: boolean }) => {
      process.exitCode = verifyScheduler(paths, options);
    });

  verify
    .command('allocator')
    .description("replay recorded cases of PyTorch's CUDA caching allocator and compare every placement")
    .argument('<PATH...>', 'case files (*.json, *.json.gz) or folders of them')
    .option('--json', 'print the results as JSON')
    .action((paths: string[], options: { json?: boolean }) => {
      process.exitCode = verifyAllocator(paths, options);
    });

  verify
    .command('capacity')
    .description('compare logged start-ups with what follows from their bytes, and from their flags alone')
    .argument('<PATH...>', 'files of records (*.jsonl, one a line) or folders of them')
    .option('--json', 'print the results as JSON')
    .action((paths: string[], options: { json?: boolean }) => {
      process.exitCode = verifyCapacity(paths, options);
    });

  verify
    .command('time')
    .description('compare measured kernels and serving runs with what the step-time model makes of them')
    .argument('<PATH...>', 'folders with kernels.csv and runs (*.json with their .requests.csv)')
    .option('--json', 'print the results as JSON')
    .action((paths: string[], options: { json?: boolean }) => {
      process.exitCode = verifyTime(paths, options);
    });
}
