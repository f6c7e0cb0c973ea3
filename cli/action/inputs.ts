import { InputError } from '../../sim/error.ts';
import { parseReporter, REPORTER_NAMES, type ReporterChoice } from '../reporters/reporters.ts';

const FAIL_ON = ['error', 'warning', 'never'] as const;

type ReporterFile = ReporterChoice & { readonly path: string };

/** The inputs of action.yml, read. */
export interface ActionInputs {
  readonly scenarios: readonly string[];
  /** error: failed expectations; warning: warnings too; never: only what is no valid input. */
  readonly failOn: (typeof FAIL_ON)[number];
  readonly comment: boolean;
  /** A git revision; null = none. */
  readonly baseline: string | null;
  /** Further results, each into a file. */
  readonly reports: readonly ReporterFile[];
  readonly token: string;
}

/**
 * Reads what the runner puts into `INPUT_…`: names in upper case, dashes kept.
 * @throws InputError that names the input.
 */
export function readInputs(env: NodeJS.ProcessEnv): ActionInputs {
  const input = (name: string) => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
  const wrong = (name: string, message: string) =>
    new InputError([{ file: 'action', field: name, message: `${message}, got "${input(name)}"` }]);
  const failOn = FAIL_ON.find((each) => each === (input('fail-on') || 'error'));
  if (failOn === undefined) throw wrong('fail-on', `expected one of ${FAIL_ON.join(', ')}`);
  const comment = input('comment') || 'true';
  if (!['true', 'false'].includes(comment)) throw wrong('comment', 'expected true or false');
  const reports = lines(input('reporter')).map((line) => {
    const choice = parseReporter(line);
    if (choice === null || choice.path === null) {
      throw wrong('reporter', `expected NAME=FILE with one of ${REPORTER_NAMES.join(', ')}`);
    }
    return choice as ReporterFile;
  });
  return {
    scenarios: lines(input('scenarios') || 'scenarios'),
    failOn,
    comment: comment === 'true',
    baseline: input('baseline') || null,
    reports,
    token: input('github-token'),
  };
}

function lines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
