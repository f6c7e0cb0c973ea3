import { InputError, type Place } from '../../error.ts';
import { isObject } from '../../plain-values.ts';
import { imageOf } from '../command.ts';
import { findFlag } from '../flags.ts';
import { type LocatedYaml, parseLocatedDocuments } from '../located-yaml.ts';
import { composeServers, isCompose } from './compose.ts';
import { type Candidate, choose, type Deployment, type Variables } from './deployment.ts';
import { dockerfileServers, isDockerfile } from './dockerfile.ts';
import { firstLineBut } from './first-line.ts';
import { isManifest, kubernetesServers } from './kubernetes.ts';
import { commandOf, neededVariables, serverOfScript } from './launch.ts';
import { isPython, pythonServers } from './python-call.ts';
import { isSupervisor, supervisorServers } from './supervisor.ts';
import { formsOf, unknownVariables } from './variables.ts';

export type DeploymentFormat =
  | 'compose'
  | 'manifest'
  | 'config'
  | 'dockerfile'
  | 'supervisor'
  | 'python'
  | 'shell';

/** Of which a scenario has one at least, and no file of flags any. */
const SCENARIO_KEYS = ['version', 'command', 'engine', 'compose', 'manifest', 'workload', 'hardware'];

export interface ReadOptions {
  /** Which of several servers; null = the only one. */
  readonly name?: string | null;
  readonly variables?: Variables;
  /** Read as this and nothing else. */
  readonly format?: DeploymentFormat;
}

/**
 * Reads how a vLLM server is deployed: a compose file, Kubernetes objects (what Helm renders), a file for
 * `vllm serve --config`, a Dockerfile, a supervisor configuration, Python source or a shell script. Nothing in it is run.
 * @throws InputError with file and place.
 */
export function readDeployment(text: string, file: string, options: ReadOptions = {}): Deployment {
  const { name = null, variables = {}, format = formatOf(text, file) } = options;
  return choose(candidatesOf(text, file, format, variables), name, file);
}

/** Which of the formats a text is, from its name and what it says. */
export function formatOf(text: string, file: string): DeploymentFormat {
  const base = (file.split(/[\\/]/).pop() ?? '').toLowerCase();
  if (/(^|[.-])dockerfile([.-]|$)|^containerfile/.test(base)) return 'dockerfile';
  if (base.endsWith('.py')) return 'python';
  if (/\.(sh|bash)$/.test(base)) return 'shell';
  if (/\.(ya?ml|json)$/.test(base)) return yamlFormatOf(text, file) ?? 'config';
  if (isSupervisor(text)) return 'supervisor';
  if (isDockerfile(text)) return 'dockerfile';
  if (serverOfScript(text, {}) !== null && !isYamlObject(text)) return 'shell';
  if (isPython(text)) return 'python';
  return yamlFormatOf(text, file) ?? 'shell';
}

/** Whether what formatOf() takes for a file of flags is one, and no scenario. */
export function isEngineConfig(text: string, file: string): boolean {
  if (!isYamlObject(text)) return false;
  return documentsOf(text, file).every(
    ({ value }) => isObject(value) && !hasKeysOfScenario(value) && hasFlags(value),
  );
}

function hasKeysOfScenario(value: Readonly<Record<string, unknown>>): boolean {
  return SCENARIO_KEYS.some((key) => Object.hasOwn(value, key));
}

/** Null if it is no YAML of the kinds that are known. */
function yamlFormatOf(text: string, file: string): 'compose' | 'manifest' | 'config' | null {
  if (!isYamlObject(text)) return null;
  const values = documentsOf(text, file).map(({ value }) => value);
  if (values.some(isCompose)) return 'compose';
  if (values.some(isManifest)) return 'manifest';
  return values.some(isObject) ? 'config' : null;
}

/** Whether its first line that says something begins as a mapping does: `key:` or `{`. */
function isYamlObject(text: string): boolean {
  return /^(\{|["']?[\w./-]+["']?\s*:(\s|$))/.test(firstLineBut(text, /^(#|---|%)/));
}

function candidatesOf(
  text: string,
  file: string,
  format: DeploymentFormat,
  variables: Variables,
): readonly Candidate[] {
  switch (format) {
    case 'compose':
      return documentsOf(text, file).flatMap((yaml) => composeServers(yaml, file, variables));
    case 'manifest':
      return kubernetesServers(documentsOf(text, file), file, variables);
    case 'config':
      return documentsOf(text, file).flatMap((yaml) => configOf(yaml, file));
    case 'dockerfile':
      return dockerfileServers(text, file, variables);
    case 'supervisor':
      return supervisorServers(text, file, variables);
    case 'python':
      return pythonServers(text, file, variables);
    case 'shell':
      return shellServers(text, file, variables);
  }
}

function documentsOf(text: string, file: string): LocatedYaml[] {
  const template = /\{\{-?\s*(\.Values|include|if|range|with|template)\b/.exec(text);
  if (template !== null) {
    const message = 'is a Helm template: give what Helm renders, as in `helm template CHART > rendered.yaml`';
    throw new InputError([{ file, place: placeIn(text, template.index), message }]);
  }
  return parseLocatedDocuments(withoutMarkdown(text), file);
}

/** Guides that went through Markdown have `device\_ids: \[0]`. Only if a key says so is it taken for that. */
function withoutMarkdown(text: string): string {
  return /^[ \t]*(-[ \t]+)?\w+\\_\w+[ \t]*:/m.test(text) ? text.replace(/\\([_[\]*])/g, '$1') : text;
}

/** A file for `vllm serve --config`: flags of vLLM. */
function configOf(yaml: LocatedYaml, file: string): Candidate[] {
  const { value } = yaml;
  if (!isObject(value)) return [];
  const problem = (message: string) => new InputError([{ file, place: yaml.placeOfValue([]), message }]);
  if (hasKeysOfScenario(value)) throw problem('is a scenario already');
  if (!hasFlags(value)) {
    throw problem(
      'is neither a compose file, nor Kubernetes objects, nor flags of vllm serve --config, nor a command',
    );
  }
  const read = (): Deployment => ({
    name: '',
    start: { engine: value },
    env: {},
    containerGib: null,
    gpuCount: null,
    gpuProduct: null,
    image: null,
    notes: [],
  });
  return [{ name: 'config', read }];
}

function hasFlags(value: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(value).some(
    (key) => findFlag(key, '2026-05') !== null || findFlag(key, '0.6.3') !== null,
  );
}

function shellServers(text: string, file: string, variables: Variables): Candidate[] {
  const server = serverOfScript(text, variables);
  if (server === null) return [];
  return [
    {
      name: 'command',
      read() {
        const missing = neededVariables(server);
        if (missing.length > 0) {
          const offsets = formsOf(missing[0]).map((form) => text.indexOf(form));
          const place = placeIn(text, offsets.find((offset) => offset >= 0) ?? 0);
          throw new InputError([{ file, place, message: unknownVariables(missing) }]);
        }
        return {
          name: '',
          start: { command: commandOf(server) },
          env: Object.fromEntries(
            Object.entries(server.env).filter(([key]) => !Object.hasOwn(variables, key)),
          ),
          containerGib: null,
          gpuCount: null,
          gpuProduct: null,
          image: imageOf(server.words),
          notes: server.notes,
        };
      },
    },
  ];
}

function placeIn(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
