import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { InputError } from '../../sim/error.ts';
import { resolveHardware } from '../../sim/memory/resolve.ts';
import { type Override, relocate } from '../../sim/scenario/overrides.ts';
import { scenarioReader } from '../../sim/scenario/parse.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { SweepSpec } from '../../sim/scenario/sweep.ts';
import { readerBeside, readText, shownPath } from '../files.ts';
import { isCommand, type Loaded, misplacedCommand } from '../load.ts';
import { traceReader, tracesOf } from '../traces-of.ts';

/** A scenario file with all that it names, so that it can be run in another process or on another machine. */
export interface Bundle {
  /** As messages call it. */
  readonly file: string;
  readonly text: string;
  /** Content of the files that it names, by their paths in its folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Of its sweep, what each point needs. */
  readonly sweep: Pick<SweepSpec, 'numRuns' | 'trends'>;
}

/** A scenario of a bundle with some fields set, and what it is compared with. */
export interface BundledScenario extends Loaded {
  readonly baseline: Loaded | null;
  readonly trends: SweepSpec['trends'];
}

/** The list of all points would be read again for each of them. */
const WITHOUT_SWEEP: Override = { text: 'sweep', path: ['sweep'], value: undefined, origin: 'sweep' };
const NO_SWEEP = { numRuns: null, trends: [] };

type ReadFile = (path: string) => string;

/** What each point of a file's sweep sets, after what the caller does. */
export function variantsOf(source: string, { points }: SweepSpec, set: readonly Override[]): Override[][] {
  const file = shownPath(source);
  const ofFile = (setting: Override): Override => ({ ...setting, origin: `${file}: ${setting.origin}` });
  return points.map(({ settings }) => [...set, ...settings.map(ofFile)]);
}

/** Reads scenarios out of a bundle. */
export function bundleReader(bundle: Bundle): (overrides: readonly Override[]) => BundledScenario {
  return readerOf(bundle, (path) => {
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
  sweep: Bundle['sweep'] = NO_SWEEP,
): { bundle: Bundle; scenarios: readonly BundledScenario[] } {
  if (isCommand(source)) throw misplacedCommand();
  const files: Record<string, string> = {};
  const beside = readerBeside(source);
  const read = (path: string) => {
    files[path] ??= beside(path);
    return files[path];
  };
  const bundle = { file: shownPath(source), text: readText(source), files, sweep };
  const reader = readerOf(bundle, read);
  const scenarios = variants.map((overrides) => {
    const variant = reader(overrides);
    try {
      resolveHardware(variant.scenario);
    } catch (error) {
      throw error instanceof InputError ? new InputError(relocate(error.problems, overrides)) : error;
    }
    for (const loaded of [variant, variant.baseline]) {
      if (loaded === null) continue;
      const readTrace = traceReader(loaded.scenario, loaded.readFile);
      for (const { path } of tracesOf(loaded.scenario)) readTrace(path);
    }
    return variant;
  });
  return { bundle, scenarios };
}

/** What a result depends on: the scenario as it was understood, the files behind it, this version of Poolscope. */
export function digestOfPoint({ scenario, readFile, baseline, trends }: BundledScenario): string {
  const hash = createHash('sha256').update(`poolscope ${packageJson.version}\n`);
  for (const loaded of [{ scenario, readFile }, baseline]) {
    if (loaded === null) continue;
    const { file, name, notes, slow, sweep, ...rest } = loaded.scenario;
    hash.update(`${JSON.stringify({ ...rest, trends })}\n`);
    for (const { path } of tracesOf(loaded.scenario)) hash.update(loaded.readFile(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

function readerOf(
  { text, file, sweep }: Bundle,
  read: ReadFile,
): (overrides: readonly Override[]) => BundledScenario {
  const reader = scenarioReader(text, file, read);
  const baselines = new Map<string, Loaded>();
  return (overrides) => {
    const scenario = withRuns(reader([...overrides, WITHOUT_SWEEP]), sweep.numRuns);
    const path = scenario.baseline;
    if (path !== null && !baselines.has(path)) {
      const readFile = (other: string) => read(posix.join(posix.dirname(path), other));
      baselines.set(path, { scenario: scenarioReader(read(path), path, readFile)([]), readFile });
    }
    const baseline = path === null ? null : baselines.get(path)!;
    return { scenario, readFile: read, baseline, trends: sweep.trends };
  };
}

/** `num-runs` are seeds, from the scenario's own on. */
function withRuns(scenario: Scenario, numRuns: number | null): Scenario {
  if (numRuns === null) return scenario;
  return { ...scenario, seeds: Array.from({ length: numRuns }, (_, i) => scenario.seed + i) };
}
