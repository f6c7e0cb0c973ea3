import * as v from 'valibot';
import { nearest } from '../catalog/nearest.ts';
import { InputError, type Problem } from '../error.ts';
import { FlagCollector, type ParsedCommand, parseCommand } from './command.ts';
import { expectationsOf } from './expectations.ts';
import { findFlag, nearestFlag } from './flags.ts';
import { type LocatedYaml, type Path, parseLocatedYaml, type Report } from './located-yaml.ts';
import { hardwareOf, hostOf } from './machine.ts';
import { eplbFlags, moeOf } from './moe.ts';
import { applyOverrides, type Override, relocate } from './overrides.ts';
import { resolvePath } from './paths.ts';
import type { EngineFlags, ModelConfig, Scenario, VllmVersion, WorkloadSpec } from './scenario.ts';
import { RESERVED_KEYS, type ScenarioFile, scenarioSchema } from './schema.ts';
import { DEFAULT_WORKLOAD, workloadOf } from './workload.ts';

const VLLM_VERSIONS: readonly VllmVersion[] = ['2026-05', '0.6.3'];
const NEWEST: VllmVersion = '2026-05';
/** vLLM's own default of --model. */
const DEFAULT_MODELS: Readonly<Record<VllmVersion, string>> = {
  '0.6.3': 'facebook/opt-125m',
  '2026-05': 'Qwen/Qwen3-0.6B',
};

const MISSING = 'missing';

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
  const { overrides = [] } = options;
  try {
    return scenarioOf(applyOverrides(parseLocatedYaml(text, file), overrides), file, options);
  } catch (error) {
    throw error instanceof InputError ? new InputError(relocate(error.problems, overrides)) : error;
  }
}

function scenarioOf(yaml: LocatedYaml, file: string, options: ParseOptions): Scenario {
  const checked = check(yaml, file);
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
  const notes: string[] = [];
  const allowUnmodelled = checked['allow-unmodelled'] ?? false;
  const vllm = versionOf(checked.vllm, allowUnmodelled, notes, report);
  reportUnknownFlags(checked, options.overrides ?? [], vllm, report);
  const { model: modelInCommand, flags: stated, env, containerGib } = engineOf(checked, vllm, report);
  const flags = withEplb(stated, checked, vllm, report);
  if (flags.unmodelled.length > 0 && flags.unrecognized.length === 0 && flags.invalid.length === 0) {
    const named = flags.unmodelled.map((name) => `--${name}`).join(', ');
    if (allowUnmodelled) notes.push(`not modelled, left out: ${named}`);
    else
      report(
        [checked.command === undefined ? 'engine' : 'command'],
        `not modelled yet: ${named}; allow-unmodelled: true leaves them out`,
      );
  }
  const model = modelOf(checked, modelInCommand, vllm, options, report);
  const workload = checked.workload ? workloadOf(checked.workload, report) : DEFAULT_WORKLOAD;
  const expect = expectationsOf(checked, yaml.value, report);
  const seeds = seedsOf(checked, report);
  const baseline = baselineOf(checked, report);
  const contiguous = contiguousOf(checked.system);
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
    name: checked.name ?? nameOf(file),
    vllm,
    seed: seeds[0],
    seeds,
    contiguous,
    command: checked.command ?? null,
    engine: flags,
    hardware: hardwareOf(checked.hardware),
    host: hostOf(checked.host, containerGib),
    env: { ...env, ...checked.env },
    model,
    workload: workload as WorkloadSpec,
    moe: moeOf(checked.moe),
    stepTime: checked['step-time'] ?? { kind: 'roofline' },
    expect,
    baseline,
    placeOf: (path) => yaml.placeOfValue(path.split('.')),
    allowUnmodelled,
    notes,
    slow: checked.slow ?? null,
  };
}

function seedsOf({ seed, seeds }: ScenarioFile, report: Report): readonly number[] {
  if (seed !== undefined && seeds !== undefined)
    report(['seeds'], 'expected one of seed and seeds', null, true);
  return seeds ?? [seed ?? 0];
}

function baselineOf({ baseline }: ScenarioFile, report: Report): string | null {
  if (baseline === undefined) return null;
  const path = resolvePath(baseline);
  if (path === null) report(['baseline'], "expected a path inside the scenario's folder");
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
  return parseScenario(text, 'command line', { overrides });
}

function versionOf(
  written: string | undefined,
  allow: boolean,
  notes: string[],
  report: Report,
): VllmVersion {
  if (written === undefined || written === 'v1') return NEWEST;
  const known = VLLM_VERSIONS.find((version) => version === written);
  if (known) return known;
  if (!allow) {
    report(
      ['vllm'],
      `vLLM ${written} is not modelled; expected ${VLLM_VERSIONS.map((x) => `"${x}"`).join(', ')} or v1`,
    );
    return NEWEST;
  }
  const taken: VllmVersion = /^0\.[0-7](\.|$)/.test(written) ? '0.6.3' : NEWEST;
  notes.push(`vLLM ${written} is not modelled: the rules of ${taken} are used`);
  return taken;
}

function engineOf(checked: ScenarioFile, vllm: VllmVersion, report: Report): ParsedCommand {
  const surroundings = { env: {}, containerGib: null };
  const nothing = { model: null, flags: new FlagCollector(vllm).finish(), ...surroundings };
  if ((checked.command === undefined) === (checked.engine === undefined)) {
    report(checked.command === undefined ? [] : ['engine'], 'expected exactly one of command and engine');
    return nothing;
  }
  if (checked.command !== undefined) {
    const parsed = parseCommand(checked.command, vllm);
    if (parsed === null) {
      report(
        ['command'],
        'expected a command that starts a vLLM server, like "vllm serve MODEL --max-model-len 8192"',
      );
      return nothing;
    }
    return parsed;
  }
  const flags = new FlagCollector(vllm);
  let model: string | null = null;
  for (const [key, value] of Object.entries(checked.engine ?? {})) {
    const name = key.replaceAll('_', '-');
    if (findFlag(name, vllm) === null) {
      const near = nearestFlag(name, vllm);
      report(['engine', key], `vLLM ${vllm} has no such flag`, near, true);
    } else if (name === 'model') {
      if (typeof value === 'string' && value !== '') model = value;
      else report(['engine', key], "expected a model's name");
    } else {
      flags.add(name, value);
    }
  }
  return { model, flags: flags.finish(), ...surroundings };
}

/** `moe.eplb` is short for vLLM's flags. */
function withEplb(flags: EngineFlags, { moe }: ScenarioFile, vllm: VllmVersion, report: Report): EngineFlags {
  const short = eplbFlags(moe ?? {});
  const path = ['moe', 'eplb'];
  if (short.length === 0) return flags;
  if (vllm === '0.6.3') report(path, 'vLLM 0.6.3 has no load balancer for experts');
  if (Object.keys(flags.honoured).some((name) => name === 'enable_eplb' || name === 'eplb_config')) {
    report(path, 'says the same as --enable-eplb and --eplb-config: leave one of them out');
  }
  if (moe?.['expert-cache'] !== undefined) report(['moe', 'expert-cache'], 'goes without eplb');
  return { ...flags, honoured: { ...flags.honoured, ...Object.fromEntries(short) } };
}

/** In a command line an unknown flag is vLLM's to refuse; one that is set here is a slip of who sets it. */
function reportUnknownFlags(
  checked: ScenarioFile,
  overrides: readonly Override[],
  vllm: VllmVersion,
  report: Report,
): void {
  if (checked.command === undefined) return;
  for (const { path } of overrides) {
    if (path[0] !== 'engine' || path.length !== 2 || findFlag(path[1], vllm) !== null) continue;
    report(path, `vLLM ${vllm} has no such flag`, nearestFlag(path[1], vllm), true);
  }
}

function modelOf(
  checked: ScenarioFile,
  inCommand: string | null,
  vllm: VllmVersion,
  options: ParseOptions,
  report: Report,
): Scenario['model'] {
  const name =
    (typeof checked.model === 'string' ? checked.model : null) ?? inCommand ?? DEFAULT_MODELS[vllm];
  if (typeof checked.model !== 'object') return { name, config: null };
  const path = resolvePath(checked.model.config);
  if (path === null) {
    report(['model', 'config'], "expected a path inside the scenario's folder");
    return { name, config: null };
  }
  if (!options.readFile) {
    report(['model', 'config'], 'files cannot be read here');
    return { name, config: null };
  }
  try {
    const config: unknown = JSON.parse(options.readFile(path));
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
      return { name, config: config as ModelConfig };
    }
    report(['model', 'config'], `${path} holds no JSON object`);
  } catch (error) {
    report(
      ['model', 'config'],
      `${path} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
  }
  return { name, config: null };
}

/** Checks the document against the schema; throws all problems at once, in the order of the file. */
function check(yaml: LocatedYaml, file: string): ScenarioFile {
  const { value } = yaml;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found =
      value === null || value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : shown(value);
    throw new InputError([
      {
        file,
        place: yaml.placeOfValue([]) ?? { line: 1, column: 1 },
        message: `expected an object with the keys of a scenario, got ${found}`,
      },
    ]);
  }
  const result = v.safeParse(scenarioSchema, value);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => problemOf(leafOf(issue), yaml, file));
  const meant = new Set(problems.map((problem) => problem.suggestion));
  const told = problems.filter(
    ({ message, field }) => message !== MISSING || !meant.has(field?.split('.').pop()),
  );
  told.sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
  throw new InputError(told);
}

type Issue = v.BaseIssue<unknown>;

/** Of a union whose members all failed, the issue that lies deepest: the member that was meant. */
function leafOf(issue: Issue): Issue {
  const isList = Array.isArray(issue.input);
  const deeper = (issue.issues ?? []).filter(({ path }) => path && (path[0].type === 'array') === isList);
  if (deeper.length === 0) return issue;
  // A misspelt key says more than the key that is missing for it.
  const leaf = leafOf(deeper.find(({ expected }) => expected === 'never') ?? deeper[0]);
  return { ...leaf, path: [...(issue.path ?? []), ...(leaf.path ?? [])] as Issue['path'] };
}

function problemOf(issue: Issue, yaml: LocatedYaml, file: string): Problem {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const field = path.join('.');
  const key = String(path[path.length - 1]);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const siblings = keysAt(path.slice(0, -1));
    const reserved = path.length === 1 && RESERVED_KEYS.includes(key);
    const near = nearest(key, siblings);
    return {
      file,
      place: yaml.placeOfKey(path) ?? yaml.placeOfValue(path.slice(0, -1)),
      field,
      message: reserved
        ? 'is not supported yet by this version of Poolscope'
        : near === null
          ? `unknown key; expected one of ${siblings.join(', ')}`
          : 'unknown key',
      suggestion: reserved ? undefined : (near ?? undefined),
    };
  }
  if (issue.input === undefined) {
    return { file, place: yaml.placeOfValue(path.slice(0, -1)), field, message: MISSING };
  }
  return {
    file,
    place: yaml.placeOfValue(path),
    field,
    message: `expected ${issue.message}, got ${shown(issue.input)}`,
  };
}

/** The keys that the schema knows at a path. */
function keysAt(path: Path): string[] {
  let schema: unknown = scenarioSchema;
  for (const key of path) {
    // Elements of a list have the keys that its schema was seen to have.
    if (typeof key === 'string')
      schema = bare((schema as { entries?: Record<string, unknown> })?.entries?.[key]);
  }
  return Object.keys((schema as { entries?: Record<string, unknown> })?.entries ?? {});
}

/** Looks through optional() and union() for the object inside. */
function bare(schema: unknown): unknown {
  const wrapped = (schema as { wrapped?: unknown })?.wrapped;
  if (wrapped) return bare(wrapped);
  const options = (schema as { options?: { entries?: unknown }[] })?.options;
  return options?.find((option) => option.entries) ?? schema;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function nameOf(file: string): string {
  return (file.split(/[\\/]/).pop() ?? file).replace(/\.pool\.ya?ml$|\.json$/, '');
}
