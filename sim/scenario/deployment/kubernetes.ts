import { InputError } from '../../error.ts';
import { isObject } from '../../plain-values.ts';
import type { LocatedYaml, Path } from '../located-yaml.ts';
import { type Candidate, type Deployment, fieldOf, textsOf, type Variables } from './deployment.ts';
import { commandOf, findLaunch, neededVariables, type Server } from './launch.ts';
import { kubernetesGib } from './sizes.ts';
import { interpolateKubernetes, unknownVariables } from './variables.ts';

export function isManifest(value: unknown): boolean {
  return typeof fieldOf(value, 'kind') === 'string' && fieldOf(value, 'apiVersion') !== undefined;
}

/** Labels that say which GPU a node has. */
const GPU_LABELS = [
  'nvidia.com/gpu.product',
  'cloud.google.com/gke-accelerator',
  'gpu.nvidia.com/class',
  'node.kubernetes.io/instance-type',
  'karpenter.k8s.aws/instance-gpu-name',
];
const DEEPEST = 20;

/** A container, and what stands around it. */
interface Found {
  readonly container: Readonly<Record<string, unknown>>;
  readonly path: Path;
  /** Of the pod. */
  readonly nodeSelector: unknown;
}

/**
 * The containers that start a vLLM server in any kind of object that has pods: Deployment, StatefulSet, Pod, Job,
 * LeaderWorkerSet, List, and those of operators. What Helm renders is such a file.
 */
export function kubernetesServers(
  documents: readonly LocatedYaml[],
  file: string,
  variables: Variables,
): Candidate[] {
  return documents.flatMap((yaml) =>
    containersIn(yaml.value).flatMap((found): Candidate[] => {
      const { container, path } = found;
      const object = objectOf(yaml.value, path);
      const env = environmentOf(container.env, variables);
      const launched = serverOf(container, env, variables);
      if (launched === null) return [];
      const objectName = String(fieldOf(object, 'metadata', 'name') ?? 'unnamed');
      const name = `${String(fieldOf(object, 'kind'))}/${objectName}`;
      const containerName = String(container.name ?? '');
      return [
        {
          name,
          aliases: [objectName, containerName, `${objectName}/${containerName}`],
          place: yaml.placeOfValue([...path, container.args === undefined ? 'command' : 'args']),
          read() {
            const { server, unknown } = launched;
            const missing = neededVariables(server, unknown);
            if (missing.length > 0) {
              const at = [...path, container.args === undefined ? 'command' : 'args'];
              const place = yaml.placeOfValue(at);
              throw new InputError([
                { file, place, field: at.join('.'), message: unknownVariables(missing) },
              ]);
            }
            return deploymentOf(name, found, object, server);
          },
        },
      ];
    }),
  );
}

function containersIn(root: unknown): Found[] {
  const found: Found[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (path.length > DEEPEST || typeof value !== 'object' || value === null) return;
    const containers = fieldOf(value, 'containers');
    if (Array.isArray(containers)) {
      containers.forEach((container, i) => {
        if (!isObject(container)) return;
        const nodeSelector = fieldOf(value, 'nodeSelector');
        found.push({ container, path: [...path, 'containers', i], nodeSelector });
      });
    }
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'containers' || key === 'initContainers') continue;
      visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  visit(root, []);
  return found;
}

/** The innermost object with a kind around the path: of a List, its item. */
function objectOf(root: unknown, path: Path): unknown {
  let innermost = root;
  let value = root;
  for (const key of path) {
    value = (value as Record<string | number, unknown>)[key];
    if (typeof fieldOf(value, 'kind') === 'string' && isObject(fieldOf(value, 'metadata'))) innermost = value;
  }
  return innermost;
}

function serverOf(
  container: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
  variables: Variables,
): { server: Server; unknown: string[] } | null {
  const unknown: string[] = [];
  const wordsOf = (value: unknown): string[] | null =>
    textsOf(value)?.map((word) => {
      const { text, unknown: missing } = interpolateKubernetes(word, { ...variables, ...env });
      unknown.push(...missing);
      return text;
    }) ?? null;
  const entrypoint = wordsOf(container.command);
  const image = typeof container.image === 'string' ? container.image : null;
  const command = wordsOf(container.args) ?? [];
  const server = findLaunch({ entrypoint, command, image, env: { ...variables, ...env } });
  if (server === null) return null;
  // Of the variables that were given, only those of the container are its environment.
  return { server: { ...server, env }, unknown };
}

/** Literal values; what comes from a Secret or a ConfigMap is not known here. */
function environmentOf(value: unknown, variables: Variables): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of Array.isArray(value) ? value : []) {
    const name = fieldOf(entry, 'name');
    const raw = fieldOf(entry, 'value');
    if (typeof name !== 'string' || raw === undefined || raw === null || typeof raw === 'object') continue;
    env[name] = interpolateKubernetes(String(raw), { ...variables, ...env }).text;
  }
  return env;
}

function deploymentOf(name: string, found: Found, object: unknown, server: Server): Deployment {
  const { container, nodeSelector } = found;
  const notes = [...server.notes];
  const resources = (key: string) =>
    fieldOf(container, 'resources', 'limits', key) ?? fieldOf(container, 'resources', 'requests', key);
  const perPod = Number(resources('nvidia.com/gpu') ?? Number.NaN);
  let gpuCount = Number.isInteger(perPod) && perPod > 0 ? perPod : null;
  const size = Number(fieldOf(object, 'spec', 'leaderWorkerTemplate', 'size') ?? 1);
  if (gpuCount !== null && Number.isInteger(size) && size > 1) {
    gpuCount *= size;
    notes.push(`${size} pods of ${perPod} GPUs: the network between them is not modelled`);
  }
  const replicas = Number(fieldOf(object, 'spec', 'replicas') ?? 1);
  if (replicas > 1)
    notes.push(`replicas ${replicas}: the load is that of one, unless the scenario says replicas`);
  const memory = fieldOf(container, 'resources', 'limits', 'memory');
  const containerGib = memory === undefined ? null : kubernetesGib(memory);
  if (memory !== undefined && containerGib === null)
    notes.push(`a memory limit of "${String(memory)}" is none`);
  const product = GPU_LABELS.map((label) => fieldOf(nodeSelector, label)).find(
    (label) => typeof label === 'string',
  );
  return {
    name,
    start: { command: commandOf(server) },
    env: server.env,
    containerGib,
    gpuCount,
    gpuProduct: (product as string | undefined) ?? null,
    image: typeof container.image === 'string' ? container.image : null,
    notes,
  };
}
