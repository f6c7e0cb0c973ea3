import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Override, parseOverride } from '../sim/scenario/overrides.ts';
import { TRACE_FORMATS } from '../sim/trace/trace.ts';
import { RECORDING_ENDING } from './load.ts';
import { parseReporter, REPORTER_NAMES, type ReporterChoice } from './reporters/reporters.ts';

/** What several commands' options have in common. */

/** What `run` and `plan` take. */
export const INPUTS =
  "scenario files (*.pool.yaml), folders of them, a 'vllm serve …' line in quotes, or a deployment that import takes";

/** What `explain`, `diff` and `export` take. */
export const RUN =
  "a recording (*.poolrec), a scenario, a 'vllm serve …' line in quotes, or a deployment that import takes";

/** Of what is simulated, in place of what it says itself (LoadOptions). */
export function withMachineOptions(command: Command): Command {
  return command
    .option(
      '--gpu <ID>',
      "GPU in place of a scenario's own; of a 'vllm serve …' line or a deployment (default: a100-80g-sxm)",
    )
    .option(
      '--gpu-count <N>',
      'how many of them (default: what a scenario says; else as many as the parallel sizes need)',
      wholeNumber(1),
    )
    .option(
      '--vllm <VERSION>',
      'rules of 0.6.3 or 2026-05, in place of what a file says (default of a line: its image’s tag)',
    )
    .option('--config <PATH>', "the model's config.json, if the catalogue does not know it");
}

/** Repeatable; each is KEY=VALUE. */
export function setOption(): Option {
  return new Option('--set <KEY=VALUE>', 'set a field, like engine.block-size=32 (repeatable)').argParser(
    (text: string, before: Override[] = []) => [...before, parseOverride(text)],
  );
}

/** A recording that another command is to find again: they know it by its ending. */
export function recordOption(about: string): Option {
  return new Option('--record <OUT>', about).argParser((text: string) => {
    if (text.endsWith(RECORDING_ENDING)) return text;
    throw new InvalidArgumentError(`Expected a name that ends in ${RECORDING_ENDING}.`);
  });
}

/** Repeatable; each is NAME=VALUE. */
export function variableOption(): Option {
  return new Option(
    '--var <NAME=VALUE>',
    'value of a variable that the file leaves open (repeatable)',
  ).argParser((text: string, before: Record<string, string> = {}) => {
    const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (match === null) throw new InvalidArgumentError('Expected NAME=VALUE.');
    return { ...before, [match[1]]: match[2] };
  });
}

/**
 * Parses an option's value as a whole number.
 * @throws InvalidArgumentError if it is none.
 */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number, at least ${least}.`);
    }
    return value;
  };
}

/**
 * The same for any number above 0.
 * @throws InvalidArgumentError if it is none.
 */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

export function traceFormatOption(): Option {
  const about = 'format of the trace (default: told by its beginning)';
  return new Option('--format <NAME>', about).choices(TRACE_FORMATS);
}

/** Repeatable; each is NAME or NAME=FILE. */
export function reporterOption(): Option {
  return new Option('--reporter <NAME[=FILE]>', 'form of the results, and its file (repeatable)')
    .choices(REPORTER_NAMES)
    .argParser((text: string, before: ReporterChoice[] = []) => {
      const choice = parseReporter(text);
      if (choice !== null) return [...before, choice];
      throw new InvalidArgumentError(
        `Allowed choices are ${REPORTER_NAMES.join(', ')}, each with =FILE or without.`,
      );
    })
    .conflicts('json');
}
