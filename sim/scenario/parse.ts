import { InputError, type Problem } from '../error.ts';
import { clipped } from '../one-line.ts';
import { type Expanded, expandDeployment } from './deployment/expand.ts';
import { engineOf, reportUnknownFlags, versionOf, withEplb } from './engine-flags.ts';
import { expectationsOf } from './expectations.ts';
import type { VllmVersion } from './flags.ts';
import { forkOf, noteOn } from './fork.ts';
import { type Path, parseLocatedYaml, type Report } from './located-yaml.ts';
import { hardwareOf, hostOf } from './machine.ts';
import { modelOf } from './model.ts';
import { moeOf } from './moe.ts';
import { applyOverrides, type Override, relocate, setBy } from './overrides.ts';
import { resolvePath } from './paths.ts';
import { replicasOf } from './replicas.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';
import { checkedScenario } from './schema-problems.ts';
import type { EngineFlags } from './stated-flags.ts';
import { stepTimeOf } from './step-time.ts';
import { sweepOf } from './sweep.ts';
import { DEFAULT_WORKLOAD, workloadOf } from './workload.ts';
import type { WorkloadSpec } from './workload-spec.ts';

/** Characters of a scenario's name: it stands in every heading. */
const MOST_OF_NAME = 300;

export interface ParseOptions {
  /** Reads a file that the scenario names; the path is relative to the scenario's folder and stays in it. */
  readonly readFile?: (path: string) => string;
  /** Fields that are set in place of the file's. */
  readonly overrides?: readonly Override[];
}

/**
 * Reads a scenario file, format version 1.
 * @throws InputError with every problem of the file, each with its place.
 */
export function parseScenario(text: string, file: string, options: ParseOptions = {}): Scenario {
  const { overrides = [], readFile } = options;
  return scenarioReader(text, file, readFile)(overrides);
}

/**
 * Reads the text of a scenario file once, for scenarios that differ in fields that are set. Problems as in
 * `parseScenario`, those of the text at once.
 */
export function scenarioReader(
  text: string,
  file: string,
  readFile?: ParseOptions['readFile'],
): (overrides: readonly Override[]) => Scenario {
  const expanded = expandDeployment(parseLocatedYaml(text, file), file, readFile);
  return (overrides) => {
    try {
      const yaml = applyOverrides(expanded.yaml, overrides);
      return scenarioOf({ ...expanded, yaml }, file, { readFile, overrides });
    } catch (error) {
      throw error instanceof InputError ? new InputError(relocate(error.problems, overrides)) : error;
    }
  };
}

function scenarioOf(expanded: Expanded, file: string, options: ParseOptions): Scenario {
  const { overrides = [] } = options;
  const { yaml, startedBy } = expanded;
  const checked = checkedScenario(yaml, file);
  const problems: Problem[] = [];
  const report = (path: Path, message: string, suggestion?: string | null, atKey = false) => {
    const place = (atKey ? yaml.placeOfKey(path) : undefined) ?? yaml.placeOfValue(path);
    problems.push({
      file,
      place,
      field: path.join('.') || undefined,
      message,
      suggestion: suggestion ?? undefined,
    });
  };
  const notes = [...expanded.notes];
  const allowUnmodelled = checked['allow-unmodelled'] ?? false;
  const vllm = versionOf(checked.vllm, allowUnmodelled, notes, report);
  reportUnknownFlags(checked, overrides, vllm, report);
  const { model: modelInCommand, flags: stated, env, containerGib } = engineOf(checked, vllm, report);
  const flags = withEplb(stated, checked, vllm, report);
  if (flags.unmodelled.length > 0 && flags.unrecognized.length === 0 && flags.invalid.length === 0) {
    const named = flags.unmodelled.map((name) => `--${name}`).join(', ');
    if (flags.unmodelled.includes('config')) {
      report(
        [checked.command === undefined ? 'engine' : 'command'],
        '--config: the file of flags is not read from here: its flags go under engine: as they are, or poolscope import reads it',
      );
    } else if (allowUnmodelled) notes.push(`not modelled, left out: ${named}`);
    else
      report(
        [checked.command === undefined ? 'engine' : 'command'],
        `not modelled yet: ${named}; allow-unmodelled: true leaves them out`,
      );
  }
  const model = modelOf(checked, modelInCommand, vllm, options.readFile, report);
  const workload = checked.workload ? workloadOf(checked.workload, report) : DEFAULT_WORKLOAD;
  const stepTime = stepTimeOf(checked['step-time'], options.readFile, report);
  const expect = expectationsOf(checked, yaml.value, report);
  const hardware = hardwareOf(checked.hardware, options.readFile, report);
  const replicas = replicasOf(checked.replicas);
  if (replicas !== null) reportEnginesOfVllm(flags, vllm, report);
  const seeds = seedsOf(checked, report);
  const baseline = fileOf('baseline', checked, report);
  const golden = fileOf('golden', checked, report);
  const sweep = sweepOf(checked, report);
  if (sweep !== null) {
    notes.push(
      `its sweep has ${sweep.points.length} points: poolscope sweep runs them, this is the file as it stands`,
    );
  }
  const contiguous = contiguousOf(checked.system);
  const isOneEngine = replicas === null && Number(flags.honoured.data_parallel_size ?? 1) === 1;
  const fork = forkOf(checked.fork, { isV1: vllm !== '0.6.3' && contiguous === null, isOneEngine }, report);
  if (fork !== null) notes.push(noteOn(fork));
  if (workload?.kind === 'synthetic') {
    if (contiguous !== null && workload.numSequences > 1) {
      report(
        ['workload', workload.beamSearch ? 'beam-width' : 'n'],
        'without paging nothing can be shared: expected 1',
      );
    } else if (workload.beamSearch && vllm !== '0.6.3') {
      report(['workload', 'beam-width'], 'goes with vllm: "0.6.3": V1 has no beam search in its engine');
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return {
    file,
    name: clipped(checked.name ?? nameOf(file), MOST_OF_NAME),
    vllm,
    seed: seeds[0],
    seeds,
    contiguous,
    command: checked.command ?? null,
    startedBy,
    engine: flags,
    hardware,
    replicas,
    host: hostOf(checked.host, containerGib),
    env: { ...env, ...checked.env },
    model,
    workload: workload as WorkloadSpec,
    moe: moeOf(checked.moe),
    stepTime,
    fork,
    expect,
    baseline,
    golden,
    sweep,
    placeOf: (path) => (setBy(path, overrides) ? undefined : yaml.placeOfValue(path.split('.'))),
    allowUnmodelled,
    notes,
    strict: checked.invariants === 'strict',
    slow: checked.slow ?? null,
  };
}

function seedsOf({ seed, seeds }: ScenarioFile, report: Report): readonly number[] {
  if (seed !== undefined && seeds !== undefined)
    report(['seeds'], 'expected one of seed and seeds', null, true);
  return seeds ?? [seed ?? 0];
}

/** A file that the scenario names under a key, which stays in its folder. */
function fileOf(key: 'baseline' | 'golden', checked: ScenarioFile, report: Report): string | null {
  const written = checked[key];
  if (written === undefined) return null;
  const path = resolvePath(written);
  if (path === null) report([key], "expected a path inside the scenario's folder");
  return path;
}

/** Orca as in the PagedAttention paper, with a buddy system; static batches at the first hole that fits. */
function contiguousOf(system: ScenarioFile['system']): Scenario['contiguous'] {
  if (system === undefined || system === 'vllm') return null;
  if (typeof system === 'object')
    return { policy: system.policy, placement: system.placement ?? 'first-fit' };
  if (system === 'static-batches') return { policy: 'static', placement: 'first-fit' };
  return { policy: system.slice('orca-'.length) as 'max' | 'pow2' | 'oracle', placement: 'buddy' };
}

/** vLLM may start several engines itself; replicas of those are not modelled. */
function reportEnginesOfVllm({ honoured }: EngineFlags, vllm: VllmVersion, report: Report): void {
  const flag = vllm === '0.6.3' ? 'pipeline_parallel_size' : 'data_parallel_size';
  if (Number(honoured[flag] ?? 1) <= 1) return;
  report(
    ['replicas'],
    `goes without --${flag.replaceAll('_', '-')}, with which vLLM has several engines itself`,
  );
}

/** A scenario of nothing but a command line, on hardware that it does not name, with the default workload. */
export function scenarioOfCommand(
  command: string,
  hardware: { gpu: string; count: number },
  vllm?: string,
  overrides: readonly Override[] = [],
): Scenario {
  const text = JSON.stringify({
    version: 1,
    vllm,
    name: 'command line',
    command,
    hardware,
    'allow-unmodelled': true,
  });
  return withoutPlaces(() => parseScenario(text, 'command line', { overrides }));
}

/** A scenario whose text the user did not write: nothing is told to be anywhere in it. */
export function withoutPlaces(read: () => Scenario): Scenario {
  try {
    return { ...read(), placeOf: () => undefined };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.problems.map((problem) => ({ ...problem, place: undefined })));
  }
}

function nameOf(file: string): string {
  return (file.split(/[\\/]/).pop() ?? file).replace(/\.pool\.ya?ml$|\.json$/, '');
}
