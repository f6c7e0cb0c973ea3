import { Argument, Command, CommanderError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { formatProblem, InputError } from '../sim/error.ts';
import { scenarioJsonSchema } from '../sim/scenario/json-schema.ts';
import { type Override, parseOverride } from '../sim/scenario/overrides.ts';
import {
  positiveNumber,
  reporterOption,
  setOption,
  traceFormatOption,
  variableOption,
  wholeNumber,
} from './arguments.ts';
import { type CalibrateOptions, calibrate } from './calibrate.ts';
import { type CheckOptions, check } from './check.ts';
import { completionScript, SHELLS, type Shell } from './completions.ts';
import { diff } from './diff.ts';
import { doctor } from './doctor.ts';
import { ExitCode } from './exit-code.ts';
import { type ExplainOptions, explain } from './explain.ts';
import { EXPORT_FORMATS, type ExportOptions, exportRun } from './export.ts';
import { type ImportOptions, importDeployment } from './import.ts';
import { importKvEvents } from './import-kv-events.ts';
import { init } from './init.ts';
import { limitReached } from './limits.ts';
import { type OpenOptions, open } from './open.ts';
import { type PlanOptions, plan } from './plan.ts';
import { type RunOptions, run } from './run.ts';
import { SWEEP_REPORTERS } from './sweep/formats.ts';
import { merge } from './sweep/merge.ts';
import { type WorkerOptions, worker } from './sweep/queue-worker.ts';
import { type SweepOptions, sweep } from './sweep/sweep.ts';
import { addTrace } from './trace-command.ts';
import { GOALS } from './tune/goals.ts';
import { type TuneOptions, tune } from './tune/tune.ts';
import { addVerify } from './verify-command.ts';

const INPUTS =
  "scenario files (*.pool.yaml), folders of them, a 'vllm serve …' line in quotes, or a deployment that import takes";

const program = new Command('poolscope')
  .description(
    "See what vLLM's memory pool does, and know whether a configuration starts, fits, preempts or thrashes.",
  )
  .version(packageJson.version)
  .showHelpAfterError('(poolscope --help lists what there is)')
  .exitOverride();

program
  .command('run')
  .description('simulate scenarios, report, and check what they expect')
  .argument('<FILE...>', INPUTS)
  .option('--trace <PATH>', 'requests of this trace instead of the scenario’s workload (.gz is unpacked)')
  .addOption(traceFormatOption())
  .option('--limit <N>', 'at most N requests of the trace', wholeNumber(1))
  .option('--time-scale <X>', 'play the trace X times as fast', positiveNumber)
  .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
  .option('--step-time <HOW>', 'how long steps take: roofline, fixed:20ms, or table:PATH')
  .option('--gpu <ID>', "GPU of a 'vllm serve …' line or a deployment (default: a100-80g-sxm)")
  .option('--gpu-count <N>', 'how many of them (default: 8 for a line)', wholeNumber(1))
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
  .option('--bail', 'stop after the first file that fails')
  .option('--shard <I/N>', 'only the I-th of N shares of the files')
  .option('--record <OUT>', 'write the recording to OUT (*.poolrec), to be opened in the page')
  .option(
    '--replica <N>',
    'of several engines, the one whose recording (else: all) and KV events (else: 0) are written',
    wholeNumber(0),
  )
  .option('--kv-events <OUT>', "write vLLM's KV cache events to OUT, a JSON batch a line")
  .action((files: string[], options: RunOptions) => {
    process.exitCode = run(files, options);
  });

program
  .command('check')
  .description('validate scenario files without running them')
  .argument('<FILE...>', 'scenario files or folders')
  .addOption(setOption())
  .action((files: string[], options: CheckOptions) => {
    process.exitCode = check(files, options);
  });

program
  .command('plan')
  .description('memory by kind and rank at start-up, blocks and tokens; or why vLLM would not start')
  .argument('<FILE...>', INPUTS)
  .option('--gpu <ID>', "GPU of a 'vllm serve …' line (default: a100-80g-sxm), or another than the file's")
  .option('--gpu-count <N>', 'how many of them (default: as many as the parallel sizes need)', wholeNumber(1))
  .option('--vllm <VERSION>', "version for a 'vllm serve …' line: 0.6.3 or 2026-05")
  .option('--config <PATH>', "the model's config.json, if the catalogue does not know it")
  .addOption(setOption())
  .option('--json', 'print the results as JSON')
  .action((files: string[], options: PlanOptions) => {
    process.exitCode = plan(files, options);
  });

program
  .command('explain')
  .description('why a step scheduled, preempted, admitted and evicted as it did')
  .argument('<FILE>', 'a recording (*.poolrec) or a scenario')
  .requiredOption('--step <N>', 'the step, from 0', wholeNumber(0))
  .option('--request <ID>', 'only what concerns this request')
  .option('--block <B>', 'only what concerns this block', wholeNumber(0))
  .option('--replica <N>', 'of a scenario with several engines, the one that is meant', wholeNumber(0))
  .option('--seed <N>', 'another seed than the scenario’s', wholeNumber(0))
  .addOption(setOption())
  .option('--json', 'print the reasons as JSON')
  .action((file: string, options: ExplainOptions) => {
    process.exitCode = explain(file, options);
  });

program
  .command('diff')
  .description('the first decision in which two runs differ, and how far their results do')
  .argument('<A>', 'a recording (*.poolrec) or a scenario')
  .argument('<B>', 'another')
  .option('--json', 'print the differences as JSON')
  .action((a: string, b: string, options: { json?: boolean }) => {
    process.exitCode = diff(a, b, options);
  });

program
  .command('export')
  .description(
    'a run for other tools: requests as JSON or CSV, series for Prometheus, a timeline for Perfetto',
  )
  .argument('<FILE>', "a recording (*.poolrec), a scenario, or a 'vllm serve …' line in quotes")
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

program
  .command('import')
  .description('a scenario from how vLLM is deployed; with --record, a recording from its KV cache events')
  .argument(
    '<SOURCE>',
    "compose file, Kubernetes manifest, Dockerfile, supervisor conf, script, Python file or --config file, each with #NAME if it starts several servers; a 'vllm serve …' line in quotes; - for stdin",
  )
  .option('-o, --output <FILE>', 'write the scenario to FILE instead of stdout')
  .option('--link', 'refer to the file instead of copying its command, so that the scenario follows it')
  .option('--gpu <ID>', 'which GPU, if the file does not say it')
  .option('--gpu-count <N>', 'how many of them', wholeNumber(1))
  .option('--vllm <VERSION>', 'rules of 0.6.3 or 2026-05 (default: what the image’s tag says)')
  .addOption(variableOption())
  .addOption(
    new Option(
      '--record <OUT>',
      'SOURCE is a dump of KV cache events (JSONL): write its recording',
    ).conflicts(['output', 'link']),
  )
  .action((source: string, options: ImportOptions & { record?: string }) => {
    process.exitCode =
      options.record === undefined
        ? importDeployment(source, options)
        : importKvEvents(source, { record: options.record });
  });

addTrace(program);
addVerify(program);

program
  .command('worker')
  .description('run points of sweeps that come over a queue, until it is stopped')
  .requiredOption('--queue <URL>', 'the Redis of the queue, like redis://localhost:6379')
  .option('--workers <N>', 'how many points at a time (default: as many as there are cores)', wholeNumber(1))
  .action(async (options: WorkerOptions) => {
    await worker(options);
  });

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

const sweeping = program
  .command('sweep')
  .description('run every point of a scenario’s sweep, on all cores')
  .argument('<FILE>', 'a scenario with a sweep')
  .addOption(
    new Option('--workers <N>', 'how many points at a time (default: as many as there are cores)')
      .argParser(wholeNumber(1))
      .conflicts('queue'),
  )
  .option(
    '--queue <URL>',
    'let workers run the points that take them from this Redis, like redis://localhost:6379',
  )
  .option('--resume [DIR]', 'keep results in DIR, and run only points that have none there')
  .option(
    '--shard <I/N>',
    'only the I-th of N shares of the points; N alone takes I from Kubernetes or Slurm',
  )
  .option('--dry-run', 'list the points instead of running them')
  .option('--timeout <SECONDS>', 'give a point up that takes longer', positiveNumber)
  .addOption(setOption())
  .addOption(sweepReporterOption())
  .option('--json', 'print the results as JSON: short for --reporter json')
  .option('--output <FILE>', 'write the results to FILE instead of stdout')
  .action(async (file: string, options: SweepOptions) => {
    process.exitCode = await sweep(file, options);
  });

sweeping
  .command('merge')
  .description('one report of the results of several shards')
  .argument('<DIR...>', 'folders of results')
  .addOption(sweepReporterOption())
  .option('--json', 'print the results as JSON: short for --reporter json')
  .option('--output <FILE>', 'write the results to FILE instead of stdout')
  .action((folders: string[], _: object, command: Command) => {
    process.exitCode = merge(folders, command.optsWithGlobals());
  });

program
  .command('calibrate')
  .description('fit the step-time model to measurements of your own, and say how far it was off')
  .argument('<FILE...>', 'results of `vllm bench serve --save-result`, or one table of kernels (*.csv)')
  .option('--scenario <FILE>', "what was measured: a scenario, or a 'vllm serve …' line in quotes")
  .option('--gpu <ID>', "GPU of a 'vllm serve …' line, or of the table")
  .option('--gpu-count <N>', 'how many of them (default: as many as the parallel sizes need)', wholeNumber(1))
  .option('--output <FILE>', 'write what was found, for hardware: {calibration: FILE}')
  .option('--json', 'print the results as JSON')
  .action((files: string[], options: CalibrateOptions) => {
    process.exitCode = calibrate(files, options);
  });

program
  .command('schema')
  .description('print the JSON Schema of scenario files, for editors')
  .action(() => console.log(JSON.stringify(scenarioJsonSchema(), null, 2)));

program
  .command('init')
  .description('write a first scenario')
  .argument('[FILE]', 'where to', 'first.pool.yaml')
  .action((file: string) => {
    process.exitCode = init(file);
  });

function sweepReporterOption(): Option {
  return new Option('--reporter <NAME>', 'form of the results').choices(SWEEP_REPORTERS).conflicts('json');
}

program
  .command('open')
  .description('the playground with a scenario in it: prints the link, and opens the browser if there is one')
  .argument('<FILE>', 'a scenario, or a deployment that import takes')
  .option('--page <URL>', 'where the page is (default: it is served from here until Ctrl-C)')
  .option('--no-browser', 'print the link only')
  .addOption(setOption())
  .action(async (file: string, options: OpenOptions) => {
    process.exitCode = await open(file, options);
  });

program
  .command('completions')
  .description('print the completion script of a shell')
  .addArgument(new Argument('<SHELL>', 'which shell').choices(SHELLS))
  .action((shell: Shell) => {
    process.stdout.write(completionScript(program, shell));
  });

program
  .command('doctor')
  .description('what this machine has of what Poolscope uses')
  .action(() => {
    process.exitCode = doctor();
  });

/** Runs a command line, `process.argv` if none is given; what it comes to is in `process.exitCode`. */
export async function poolscope(args?: readonly string[]): Promise<void> {
  try {
    await (args === undefined ? program.parseAsync() : program.parseAsync(args, { from: 'user' }));
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** Says what went wrong. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.BadInput;
  if (error instanceof InputError) {
    for (const problem of error.problems) console.error(formatProblem(problem));
    return ExitCode.BadInput;
  }
  const limit = limitReached(error);
  if (limit !== null) {
    console.error(limit);
    return ExitCode.Limit;
  }
  console.error('A fault in Poolscope; please report it with the input that caused it.');
  console.error(error);
  return ExitCode.Fault;
}
