import { spawnSync } from 'node:child_process';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../sim/error.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { parseScenario, scenarioOfCommand } from '../sim/scenario/parse.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { readerBeside, readText, shownPath } from './files.ts';

export const SCENARIO_ENDINGS = ['.pool.yaml', '.pool.yml', '.pool.json'];

const GIT_LIMITS = { timeout: 30_000, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' } as const;

export interface LoadOptions {
  readonly gpu: string;
  readonly gpuCount: number;
  readonly set?: readonly Override[];
}

/** A scenario, and how the files that it names are read. */
export interface Loaded {
  readonly scenario: Scenario;
  readonly readFile: (path: string) => string;
}

/** Whether an argument is a command line instead of a file. */
export function isCommand(input: string): boolean {
  return /^\s*(\S+=\S+\s+)*(vllm\s+serve|python3?\s+-m\s+vllm|docker\s+run)\s/.test(input);
}

/** A scenario file, or a command line to be run with the default workload. */
export function loadScenario(source: string, { gpu, gpuCount, set }: LoadOptions): Scenario {
  if (isCommand(source)) return scenarioOfCommand(source, { gpu, count: gpuCount }, undefined, set);
  return parseScenario(readText(source), shownPath(source), {
    readFile: readerBeside(source),
    overrides: set,
  });
}

/** The scenario that a file names as its baseline. */
export function loadBaseline(source: string, path: string): Loaded {
  const text = readerBeside(source)(path);
  const file = join(dirname(source), path);
  const readFile = readerBeside(file);
  return { scenario: parseScenario(text, shownPath(file), { readFile }), readFile };
}

/** The file as it is at a git revision, with what it names as it is there. */
export function loadRevision(source: string, revision: string): Loaded {
  const folder = dirname(resolve(source));
  const commit = git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (commit === null) {
    throw new InputError([{ file: '--baseline', message: `git knows no revision "${revision}" here` }]);
  }
  const readFile = (path: string) => {
    const text = git(folder, ['show', `${commit.trim()}:./${path}`]);
    if (text !== null) return text;
    throw new InputError([{ file: path, message: `is not there at ${revision}` }]);
  };
  const name = basename(source);
  return {
    scenario: parseScenario(readFile(name), `${shownPath(source)}@${revision}`, { readFile }),
    readFile,
  };
}

function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-C', folder, ...args], GIT_LIMITS);
  return status === 0 ? stdout : null;
}
