import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { InputError } from '../sim/error.ts';
import { addCalibrate } from './commands/calibrate.ts';
import { addCheck } from './commands/check.ts';
import { addCompletions } from './commands/completions.ts';
import { addDiff } from './commands/diff.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExplain } from './commands/explain.ts';
import { addExport } from './commands/export.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addOpen } from './commands/open.ts';
import { addPlan } from './commands/plan.ts';
import { addRun } from './commands/run.ts';
import { addSchema } from './commands/schema.ts';
import { addSweep } from './commands/sweep.ts';
import { addTrace } from './commands/trace.ts';
import { addTune } from './commands/tune.ts';
import { addVerify } from './commands/verify.ts';
import { addWorker } from './commands/worker.ts';
import { ExitCode } from './exit-code.ts';
import { limitReached } from './limits.ts';
import { tellProblems } from './tell.ts';

const program = new Command('poolscope')
  .description(
    "See what vLLM's memory pool does, and know whether a configuration starts, fits, preempts or thrashes.",
  )
  .version(packageJson.version)
  .exitOverride();

addRun(program);
addCheck(program);
addPlan(program);
addExplain(program);
addDiff(program);
addExport(program);
addImport(program);
addTrace(program);
addVerify(program);
addWorker(program);
addTune(program);
addSweep(program);
addCalibrate(program);
addSchema(program);
addInit(program);
addOpen(program);
addCompletions(program);
addDoctor(program);
nameHelp(program, program.name());

/** After a mistake in a command's words, how to see what it takes. */
function nameHelp(command: Command, line: string): void {
  command.showHelpAfterError(`(${line} --help lists what there is)`);
  for (const below of command.commands) nameHelp(below, `${line} ${below.name()}`);
}

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
    tellProblems(error.problems);
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
