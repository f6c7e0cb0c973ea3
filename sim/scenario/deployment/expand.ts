import * as v from 'valibot';
import { gpuNamed } from '../../catalog/gpu-names.ts';
import { InputError } from '../../error.ts';
import { isObject } from '../../plain-values.ts';
import { findServer } from '../command.ts';
import type { LocatedYaml, Path } from '../located-yaml.ts';
import { resolvePath } from '../paths.ts';
import type { Scenario } from '../scenario.ts';
import { shellWords } from '../shell-words.ts';
import type { Deployment, Variables } from './deployment.ts';
import { statedGpus } from './gpu-count.ts';
import { type DeploymentFormat, readDeployment } from './read.ts';
import { commandSchema, composeSchema, manifestSchema } from './schema.ts';
import { relevantEnvironment } from './secrets.ts';

const KEYS = {
  compose: { schema: composeSchema, format: 'compose', name: 'service' },
  manifest: { schema: manifestSchema, format: 'manifest', name: 'name' },
  command: { schema: commandSchema, format: undefined, name: 'name' },
} as const;
type Key = keyof typeof KEYS;
const STARTS = [...Object.keys(KEYS), 'engine'];

/** A scenario in which the deployment that it pasted or named is a command line. */
export interface Expanded {
  readonly yaml: LocatedYaml;
  readonly startedBy: Scenario['startedBy'];
  readonly notes: readonly string[];
}

/**
 * Puts a command line, or an `engine:`, in the place of `compose:`, `manifest:` and of a `command:` that is a file or
 * source of another kind. What the deployment says of GPUs, memory and environment counts where the scenario does
 * not say it itself.
 * @throws InputError
 */
export function expandDeployment(
  yaml: LocatedYaml,
  file: string,
  readFile: ((path: string) => string) | undefined,
): Expanded {
  const { value } = yaml;
  const unchanged = { yaml, startedBy: null, notes: [] };
  if (!isObject(value)) return unchanged;
  const given = Object.keys(value).filter((key): key is Key | 'engine' => STARTS.includes(key));
  const problem = (path: Path, message: string, place = yaml.placeOfValue(path)) =>
    new InputError([{ file, place, field: path.join('.'), message }]);
  if (given.length > 1) {
    const message = `expected exactly one of command, engine, compose and manifest, got ${given.join(' and ')}`;
    throw problem([given[1]], message, yaml.placeOfKey([given[1]]));
  }
  const [key] = given;
  if (key === undefined || key === 'engine') return unchanged;
  const written = value[key];
  if (key === 'command' && typeof written === 'string' && findServer(shellWords(written)) !== null) {
    return unchanged;
  }
  // What is not of the right form is told by the schema, with everything else.
  const parsed = v.safeParse(KEYS[key].schema, written);
  if (!parsed.success) return unchanged;
  const deployment = deploymentOf(key, parsed.output, file, yaml, readFile, problem);
  if (deployment === null) return unchanged;
  const { place, notes } = deployment;
  const named = typeof parsed.output === 'string' ? null : resolvePath(parsed.output.file);
  const startedBy = named === null ? null : { file: beside(file, named), place };
  return { yaml: withDeployment(yaml, value, key, deployment), startedBy, notes };
}

/** A path in the scenario's folder, as one would write it where the scenario's own path is from. */
function beside(file: string, path: string): string {
  return file.replace(/[^\\/]*$/, '') + path;
}

function deploymentOf(
  key: Key,
  reference: string | Readonly<Record<string, unknown>>,
  file: string,
  yaml: LocatedYaml,
  readFile: ((path: string) => string) | undefined,
  problem: (path: Path, message: string) => InputError,
): Deployment | null {
  const format = KEYS[key].format as DeploymentFormat | undefined;
  if (typeof reference === 'string') {
    try {
      return readDeployment(reference, '', { format });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (key === 'command') return null;
      // Places in a pasted text are not those of the file around it.
      const [first] = error.problems;
      const where = first.place ? ` (line ${first.place.line} of the text)` : '';
      const message = `${first.field ? `${first.field}: ` : ''}${first.message}${where}`;
      throw new InputError([{ file, place: yaml.placeOfValue([key]), field: key, message }]);
    }
  }
  const path = resolvePath(String(reference.file));
  if (path === null) throw problem([key, 'file'], "expected a path inside the scenario's folder");
  if (readFile === undefined) throw problem([key, 'file'], 'files cannot be read here');
  let source: string;
  try {
    source = readFile(path);
  } catch (error) {
    const reason = error instanceof InputError ? error.problems[0].message : String((error as Error).message);
    throw problem([key, 'file'], `${path} cannot be read: ${reason}`);
  }
  const name = reference[KEYS[key].name];
  return readDeployment(source, path, {
    format,
    name: typeof name === 'string' ? name : null,
    variables: reference.variables as Variables | undefined,
  });
}

function withDeployment(
  yaml: LocatedYaml,
  value: Readonly<Record<string, unknown>>,
  key: Key,
  deployment: Deployment,
): LocatedYaml {
  const { [key]: _, ...rest } = value;
  const { start, containerGib, gpuProduct } = deployment;
  const gpu = gpuProduct === null ? null : gpuNamed(gpuProduct);
  const count = statedGpus(deployment);
  const under = (own: unknown, given: Readonly<Record<string, unknown>>) => {
    const stated = Object.fromEntries(Object.entries(given).filter(([, each]) => each !== null));
    if (own !== undefined && !isObject(own)) return own;
    return Object.keys(stated).length === 0 ? own : { ...stated, ...own };
  };
  const merged = {
    ...rest,
    ...(start.command === undefined ? { engine: start.engine } : { command: start.command }),
    hardware: under(rest.hardware, { gpu, count }),
    host: under(rest.host, { 'container-limit-gib': containerGib }),
    env: under(rest.env, relevantEnvironment(deployment.env)),
  };
  const instead = (path: Path): Path => (path[0] === 'command' || path[0] === 'engine' ? [key] : path);
  return {
    value: Object.fromEntries(Object.entries(merged).filter(([, each]) => each !== undefined)),
    placeOfValue: (path) => yaml.placeOfValue(instead(path)),
    placeOfKey: (path) => yaml.placeOfKey(instead(path)),
  };
}
