import { type Command, Option } from 'commander';
import { LENGTH_FITS } from '../../sim/trace/fit-trace.ts';
import { WRITABLE_FORMATS } from '../../sim/trace/write-trace.ts';
import { setOption, traceFormatOption, wholeNumber } from '../arguments.ts';
import { traceConvert, traceFit, traceGenerate, traceStats } from '../trace.ts';

const TRACE_ARGUMENT = 'a trace (.gz is unpacked); see docs/traces.md for formats';

/** Adds `poolscope trace …`. */
export function addTrace(program: Command): void {
  const trace = program
    .command('trace')
    .description('request traces: what they hold, other formats, workloads like them');
  trace
    .command('stats')
    .description('requests, rate, burstiness, lengths and shared prefixes of a trace')
    .argument('<FILE>', TRACE_ARGUMENT)
    .addOption(traceFormatOption())
    .option('--limit <N>', 'the first N requests only', wholeNumber(1))
    .option('--json', 'print them as JSON')
    .action((file: string, options) => {
      process.exitCode = traceStats(file, options);
    });
  trace
    .command('fit')
    .description('print a workload like the trace, to be pasted into a scenario')
    .argument('<FILE>', TRACE_ARGUMENT)
    .addOption(traceFormatOption())
    .option('--limit <N>', 'the first N requests only', wholeNumber(1))
    .addOption(
      new Option('--lengths <NAME>', 'how lengths are described').choices(LENGTH_FITS).default('quantiles'),
    )
    .option('--json', 'print it as JSON, with the statistics of the trace')
    .action((file: string, options) => {
      process.exitCode = traceFit(file, options);
    });
  trace
    .command('convert')
    .description('write a trace in another format')
    .argument('<FILE>', TRACE_ARGUMENT)
    .addOption(traceFormatOption())
    .addOption(new Option('--to <NAME>', 'format to write').choices(WRITABLE_FORMATS).makeOptionMandatory())
    .option('--limit <N>', 'the first N requests only', wholeNumber(1))
    .option('--output <FILE>', 'write to FILE instead of stdout')
    .action((file: string, options) => {
      process.exitCode = traceConvert(file, options);
    });
  trace
    .command('generate')
    .description("write the requests of a scenario's workload as a trace")
    .argument('<FILE>', 'a scenario')
    .addOption(new Option('--to <NAME>', 'format to write').choices(WRITABLE_FORMATS).default('mooncake'))
    .option('--output <FILE>', 'write to FILE instead of stdout')
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
    .addOption(setOption())
    .action((file: string, options) => {
      process.exitCode = traceGenerate(file, options);
    });
}
