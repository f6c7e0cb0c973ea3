import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../sim/error.ts';
import { gpusNeeded } from '../sim/memory/resolve.ts';
import { imageOf } from '../sim/scenario/command.ts';
import { serverOfScript } from '../sim/scenario/deployment/launch.ts';
import { formatOf, isEngineConfig } from '../sim/scenario/deployment/read.ts';
import { rulesOf } from '../sim/scenario/deployment/to-scenario.ts';
import { parseConfig } from '../sim/scenario/model.ts';
import { atField } from '../sim/scenario/named-file.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { parseScenario, scenarioOfCommand, withoutPlaces } from '../sim/scenario/parse.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { shellWords } from '../sim/scenario/shell-words.ts';
import { count } from '../sim/words.ts';
import { filesBelow, readerBeside, readText, shownPath } from './files.ts';
import { scenarioOfSource } from './import.ts';

export const SCENARIO_ENDINGS = ['.pool.yaml', '.pool.yml', '.pool.json'];

export const RECORDING_ENDING = '.poolrec';

const GIT_LIMITS = { timeout: 30_000, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' } as const;

/** Of a command line that comes without. */
export const DEFAULT_GPU = 'a100-80g-sxm';
/** As many as a scenario may have. */
const MOST_GPUS = 1024;

export interface LoadOptions {
  /** In place of what a file says; default of command lines and deployments: DEFAULT_GPU, as many as they need. */
  readonly gpu?: string;
  readonly gpuCount?: number;
  /** Default of command lines and deployments: what the image's tag says. */
  readonly vllm?: string;
  /** A config.json instead of the catalogue's. */
  readonly config?: string;
  readonly set?: readonly Override[];
}

/** The same options on a command line, for a command that goes on with the same scenario. */
export function optionWords({ gpu, gpuCount, vllm, config, set = [] }: LoadOptions): string[] {
  const given = Object.entries({ gpu, 'gpu-count': gpuCount, vllm, config });
  return [
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...set.flatMap(({ text }) => ['--set', text]),
  ];
}

/** A scenario, and how the files that it names are read. */
export interface Loaded {
  readonly scenario: Scenario;
  readonly readFile: (path: string) => string;
}

/** Whether an argument is a command line instead of a file: begins as one, or starts a server further on. */
export function isCommand(input: string): boolean {
  if (/^\s*([^\s=]+=\S+\s+)*(vllm\s+serve|python3?\s+-m\s+vllm\S*|docker\s+run)(\s|$)/.test(input))
    return true;
  return /\s/.test(input.trim()) && !isFile(input) && serverOfScript(input, {}) !== null;
}

/** Command lines and deployments as they are, and the scenario files below the others. */
export function sourcesOf(inputs: readonly string[]): string[] {
  return inputs.flatMap((input) =>
    isCommand(input) || isDeployment(input) ? [input] : scenariosBelow(input),
  );
}

/**
 * A file, or the scenarios below a folder.
 * @throws InputError if there are none: nothing would be checked, and nobody would notice.
 */
export function scenariosBelow(path: string): string[] {
  refuseOthers(path);
  const files = filesBelow([path], SCENARIO_ENDINGS);
  if (files.length > 0) return files;
  throw new InputError([
    { file: path, message: 'holds no scenario: *.pool.yaml, *.pool.yml or *.pool.json' },
  ]);
}

/** What is told of a command line where only scenarios are taken. */
export function misplacedCommand(): InputError {
  const message = 'goes with plan, run, explain, diff and export; import makes a scenario of it';
  return new InputError([{ file: 'command line', message }]);
}

/** Says what stands where a scenario should. */
function refuseOthers(path: string): void {
  if (path.endsWith(RECORDING_ENDING)) {
    throw new InputError([
      { file: path, message: 'is a recording: explain, diff, export and the page take it' },
    ]);
  }
  if (/^\s*vllm\s/.test(path)) {
    if (isCommand(path)) throw misplacedCommand();
    throw new InputError([{ file: 'command line', message: `expected vllm serve …, got ${path}` }]);
  }
}

/** Whether an argument is a compose file or its like, perhaps with `#NAME`, instead of a scenario. */
export function isDeployment(input: string): boolean {
  const path = input.replace(/#[^#]*$/, '');
  if (SCENARIO_ENDINGS.some((ending) => path.endsWith(ending))) return false;
  if (!isFile(path)) return false;
  const text = readText(path);
  const format = formatOf(text, shownPath(path));
  if (format === 'config') return isEngineConfig(text, shownPath(path));
  return format !== 'shell' || /\.(sh|bash)$/.test(path);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Whoever wants to read it says why it cannot be read.
    return false;
  }
}

/** A scenario file; or a command line or a deployment, to be run with an example of a workload. */
export function loadScenario(source: string, options: LoadOptions): Scenario {
  const scenario = isCommand(source)
    ? loadCommand(source, options)
    : isDeployment(source)
      ? loadDeployment(source, options)
      : loadFile(source, options);
  const { config } = options;
  if (config === undefined) return scenario;
  return { ...scenario, model: { ...scenario.model, config: parseConfig(readText(config), config) } };
}

function loadFile(source: string, options: LoadOptions): Scenario {
  refuseOthers(source);
  return parseScenario(readText(source), shownPath(source), {
    readFile: readerBeside(source),
    overrides: overridesOf(options),
  });
}

/** Options in place of what the file says, after --set; a calibration holds for the file's own GPU only. */
function overridesOf({ gpu, gpuCount, vllm, set = [] }: LoadOptions): Override[] {
  const stated = [
    { flag: '--gpu', said: gpu, path: ['hardware', 'gpu'], value: gpu },
    { flag: '--gpu', said: gpu, path: ['hardware', 'calibration'], value: undefined },
    { flag: '--gpu-count', said: gpuCount, path: ['hardware', 'count'], value: gpuCount },
    { flag: '--vllm', said: vllm, path: ['vllm'], value: vllm },
  ].filter(({ said }) => said !== undefined);
  const overrides = stated.map(({ flag, said, path, value }) => {
    const text = `${flag} ${said}`;
    return { text, path, value, origin: text };
  });
  return [...set, ...overrides];
}

function loadCommand(line: string, options: LoadOptions): Scenario {
  const { gpu = DEFAULT_GPU, gpuCount, set } = options;
  const [vllm, ofVersion] = rulesOf(imageOf(shellWords(line)), options.vllm);
  const on = (count: number) => scenarioOfCommand(line, { gpu, count }, vllm, set);
  const scenario = on(gpuCount ?? Math.min(MOST_GPUS, gpusNeeded(on(1))));
  const remarks = [ofVersion, assumedHardware(scenario, options)].filter((text) => text !== null);
  return { ...scenario, notes: [...remarks, ...scenario.notes] };
}

function assumedHardware({ hardware }: Scenario, { gpu, gpuCount }: LoadOptions): string | null {
  const { gpu: name, count: number } = hardware;
  const needed = '(as many as TP × PP × DP needs)';
  if (gpu === undefined && gpuCount === undefined)
    return `assumed: ${number} × ${name} ${needed}; --gpu and --gpu-count say others`;
  if (gpu === undefined) return `assumed: ${name}; --gpu says another`;
  return gpuCount === undefined ? `assumed: ${count(number, 'GPU')} ${needed}; --gpu-count says more` : null;
}

/** Places in the scenario that is made of it are not those of the file. */
function loadDeployment(source: string, { gpu, gpuCount, vllm, set }: LoadOptions): Scenario {
  const { text, remarks } = scenarioOfSource(source, { gpu, gpuCount, vllm });
  const scenario = withoutPlaces(() => parseScenario(text, shownPath(source), { overrides: set }));
  return { ...scenario, notes: [...new Set([...remarks, ...scenario.notes])] };
}

/** The scenario that a file names as its baseline. */
export function loadBaseline(source: string, scenario: Scenario, path: string): Loaded {
  const text = atField(scenario, 'baseline', () => readerBeside(source)(path));
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
