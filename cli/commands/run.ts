import { type Command, Option } from 'commander';
import {
  INPUTS,
  positiveNumber,
  recordOption,
  reporterOption,
  setOption,
  traceFormatOption,
  wholeNumber,
  withMachineOptions,
} from '../arguments.ts';
import { type RunOptions, run } from '../run.ts';
import { watch } from '../watch.ts';

/** Adds `poolscope run`. */
export function addRun(program: Command): void {
  withMachineOptions(program.command('run'))
    .description('simulate scenarios, report, and check what they expect')
    .argument('<FILE...>', INPUTS)
    .option('--trace <PATH>', 'requests of this trace instead of the scenario’s workload (.gz is unpacked)')
    .addOption(traceFormatOption())
    .option('--limit <N>', 'at most N requests of the trace', wholeNumber(1))
    .option('--time-scale <X>', 'play the trace X times as fast', positiveNumber)
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
    .option('--step-time <HOW>', 'how long steps take: roofline, fixed:20ms, or table:PATH')
    .addOption(setOption())
    .option(
      '--baseline <REV>',
      'compare with the same file at this git revision, where expectations name a baseline',
    )
    .addOption(reporterOption())
    .option('--output <FILE>', 'write the results to FILE instead of stdout')
    .option('--json', 'print the results as JSON: short for --reporter json')
    .option('--timeout <SECONDS>', 'give a simulation up that takes longer', positiveNumber)
    .addOption(new Option('--update', 'write golden files instead of comparing with them').conflicts('ci'))
    .option('--ci', 'refuse --update')
    .addOption(
      new Option('--watch', 'run again what changes, until Ctrl-C').conflicts(['ci', 'update', 'shard']),
    )
    .option('--bail', 'stop after the first file that fails')
    .option('--shard <I/N>', 'only the I-th of N shares of the files')
    .addOption(recordOption('write the recording to OUT (*.poolrec), to be opened in the page'))
    .option(
      '--replica <N>',
      'of several engines, the one whose recording (else: all) and KV events (else: 0) are written',
      wholeNumber(0),
    )
    .option('--kv-events <OUT>', "write vLLM's KV cache events to OUT, a JSON batch a line")
    .action(async (files: string[], { watch: watches, ...options }: RunOptions & { watch?: true }) => {
      process.exitCode = await (watches ? watch : run)(files, options);
    });
}
