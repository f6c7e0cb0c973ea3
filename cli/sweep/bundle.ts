import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { InputError } from '../../sim/error.ts';
import { resolveHardware } from '../../sim/memory/planner.ts';
import { type Override, relocate } from '../../sim/scenario/overrides.ts';
import { scenarioReader } from '../../sim/scenario/parse.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { SweepSpec } from '../../sim/scenario/sweep.ts';
import { readerBeside, readText, shownPath } from '../files.ts';
import type { Loaded } from '../load.ts';

/** A scenario file with all that it names, so that it can be run in another thread or on another machine. */
export interface Bundle {
  /** As messages call it. */
  readonly file: string;
  readonly text: string;
  /** Content of the files that it names, by their paths in its folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** A scenario of a bundle with some fields set, and what it is compared with. */
export interface BundledScenario extends Loaded {
  readonly baseline: Loaded | null;
}

type ReadFile = (path: string) => string;

/** What each point of a sweep sets, after what the caller does. */
export function variantsOf({ points }: SweepSpec, set: readonly Override[]): Override[][] {
  return points.map(({ settings }) => [...set, ...settings]);
}

/** Reads scenarios out of a bundle. */
export function bundleReader(bundle: Bundle): (overrides: readonly Override[]) => BundledScenario {
  return readerOf(bundle.text, bundle.file, (path) => {
    if (Object.hasOwn(bundle.files, path)) return bundle.files[path];
    throw new InputError([{ file: bundle.file, message: `${path} is not in the bundle` }]);
  });
}

/**
 * Bundles a file for the scenarios that come of it with those fields set; models and GPUs are looked up.
 * @throws InputError with the problems of the first that is none.
 */
export function bundleFor(
  source: string,
  variants: readonly (readonly Override[])[],
): { bundle: Bundle; scenarios: readonly BundledScenario[] } {
  const files: Record<string, string> = {};
  const beside = readerBeside(source);
  const read = (path: string) => {
    files[path] ??= beside(path);
    return files[path];
  };
  const [text, file] = [readText(source), shownPath(source)];
  const reader = readerOf(text, file, read);
  const scenarios = variants.map((overrides) => {
    const variant = reader(overrides);
    try {
      resolveHardware(variant.scenario);
    } catch (error) {
      throw error instanceof InputError ? new InputError(relocate(error.problems, overrides)) : error;
    }
    for (const loaded of [variant, variant.baseline]) {
      for (const path of tracesOf(loaded?.scenario)) loaded?.readFile(path);
    }
    return variant;
  });
  return { bundle: { file, text, files }, scenarios };
}

/** What a result depends on: the scenario as it was understood, the files behind it, this version of Poolscope. */
export function digestOfPoint({ scenario, readFile, baseline }: BundledScenario): string {
  const hash = createHash('sha256').update(`poolscope ${packageJson.version}\n`);
  for (const loaded of [{ scenario, readFile }, baseline]) {
    if (loaded === null) continue;
    const { file, name, notes, slow, sweep, ...rest } = loaded.scenario;
    hash.update(`${JSON.stringify({ ...rest, trends: sweep?.trends })}\n`);
    for (const path of tracesOf(loaded.scenario)) hash.update(loaded.readFile(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

function readerOf(
  text: string,
  file: string,
  read: ReadFile,
): (overrides: readonly Override[]) => BundledScenario {
  const reader = scenarioReader(text, file, read);
  const baselines = new Map<string, Loaded>();
  return (overrides) => {
    const scenario = withRuns(reader(overrides));
    const path = scenario.baseline;
    if (path !== null && !baselines.has(path)) {
      const readFile = (other: string) => read(posix.join(posix.dirname(path), other));
      baselines.set(path, { scenario: scenarioReader(read(path), path, readFile)([]), readFile });
    }
    return { scenario, readFile: read, baseline: path === null ? null : baselines.get(path)! };
  };
}

/** `num-runs` are seeds, from the scenario's own on. */
function withRuns(scenario: Scenario): Scenario {
  const { seed, sweep } = scenario;
  if (!sweep?.numRuns) return scenario;
  return { ...scenario, seeds: Array.from({ length: sweep.numRuns }, (_, i) => seed + i) };
}

function tracesOf(scenario: Scenario | undefined): string[] {
  if (scenario === undefined) return [];
  const { workload, moe } = scenario;
  return [
    ...(workload.kind === 'trace' ? [workload.path] : []),
    ...(moe.routing.kind === 'trace' ? [moe.routing.path] : []),
  ];
}
