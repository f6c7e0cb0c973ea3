import { type Command, Option } from 'commander';
import { RUN, setOption, wholeNumber, withMachineOptions } from '../arguments.ts';
import { EXPORT_FORMATS, type ExportOptions, exportRun } from '../export.ts';

/** Adds `poolscope export`. */
export function addExport(program: Command): void {
  withMachineOptions(program.command('export'))
    .description(
      'a run for other tools: requests as JSON or CSV, series for Prometheus, a timeline for Perfetto',
    )
    .argument('<FILE>', RUN)
    .addOption(
      new Option('--format <NAME>', 'form of the output').choices(EXPORT_FORMATS).makeOptionMandatory(),
    )
    .option('--output <FILE>', 'write to FILE instead of stdout')
    .option(
      '--every <TIME>',
      'openmetrics: simulated time between samples (default: at most 10,000 of a series)',
    )
    .option('--replica <N>', 'of a scenario with several engines, the one that is meant', wholeNumber(0))
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
    .addOption(setOption())
    .action((file: string, options: ExportOptions) => {
      process.exitCode = exportRun(file, options);
    });
}
