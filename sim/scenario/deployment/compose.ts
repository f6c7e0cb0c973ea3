import { InputError } from '../../error.ts';
import { isObject } from '../../plain-values.ts';
import type { LocatedYaml, Path } from '../located-yaml.ts';
import { shellWords } from '../shell-words.ts';
import { type Candidate, type Deployment, fieldOf, textsOf, type Variables } from './deployment.ts';
import { commandOf, findLaunch, type Launch, neededVariables, type Server } from './launch.ts';
import { dockerGib } from './sizes.ts';
import { interpolate, unknownVariables } from './variables.ts';

export function isCompose(value: unknown): boolean {
  return isObject(fieldOf(value, 'services'));
}

/** The services of a compose file that start a vLLM server. */
export function composeServers(yaml: LocatedYaml, file: string, variables: Variables): Candidate[] {
  const services = fieldOf(yaml.value, 'services');
  return Object.entries(isObject(services) ? services : {}).flatMap(([name, service]): Candidate[] => {
    const path = ['services', name];
    const problem = (at: Path, message: string) =>
      new InputError([{ file, place: yaml.placeOfValue(at), field: at.join('.'), message }]);
    const found = serverOf(service, variables);
    if (found === null) return [];
    const container = fieldOf(service, 'container_name');
    return [
      {
        name,
        aliases: typeof container === 'string' ? [container] : [],
        place: yaml.placeOfValue([...path, 'command']),
        read() {
          const { server, unknown } = found;
          const key = fieldOf(service, 'command') === undefined ? 'entrypoint' : 'command';
          const missing = neededVariables(server, unknown);
          if (missing.length > 0) throw problem([...path, key], unknownVariables(missing));
          return deploymentOf(name, service, server, variables);
        },
      },
    ];
  });
}

function serverOf(service: unknown, variables: Variables): { server: Server; unknown: string[] } | null {
  const unknown: string[] = [];
  const replaced = (written: string): string => {
    const { text, unknown: missing } = interpolate(written, variables);
    unknown.push(...missing);
    return text;
  };
  const wordsOf = (value: unknown): string[] | null =>
    typeof value === 'string' ? shellWords(replaced(value)) : (textsOf(value)?.map(replaced) ?? null);
  const launch: Launch = {
    entrypoint: wordsOf(fieldOf(service, 'entrypoint')),
    command: wordsOf(fieldOf(service, 'command')) ?? [],
    image: imageOf(service, variables),
    env: environmentOf(fieldOf(service, 'environment'), variables),
  };
  const server = findLaunch(launch);
  return server && { server, unknown: [...new Set(unknown)] };
}

function deploymentOf(name: string, service: unknown, server: Server, variables: Variables): Deployment {
  const notes = [...server.notes];
  if (fieldOf(service, 'extends') !== undefined) notes.push(`services.${name}.extends is not followed`);
  const shm = fieldOf(service, 'shm_size');
  if (shm !== undefined) notes.push(`shm_size ${String(shm)}: shared memory is not modelled`);
  const limit = fieldOf(service, 'deploy', 'resources', 'limits', 'memory') ?? fieldOf(service, 'mem_limit');
  const limitText = limit === undefined ? null : interpolate(String(limit), variables).text;
  const containerGib = limitText === null ? null : dockerGib(limitText);
  if (limitText !== null && containerGib === null) notes.push(`a memory limit of "${limitText}" is none`);
  return {
    name,
    start: { command: commandOf(server) },
    env: server.env,
    containerGib: containerGib === 0 ? null : containerGib,
    gpuCount: gpusOf(service),
    gpuProduct: null,
    image: imageOf(service, variables),
    notes,
  };
}

function imageOf(service: unknown, variables: Variables): string | null {
  const image = fieldOf(service, 'image');
  return typeof image === 'string' ? interpolate(image, variables).text : null;
}

/** A mapping, or a list of NAME=VALUE. Names without a value, and values with unknown variables, are left out. */
function environmentOf(value: unknown, variables: Variables): Record<string, string> {
  const pairs: [string, unknown][] = isObject(value)
    ? Object.entries(value)
    : (textsOf(value) ?? []).flatMap((each): [string, string][] => {
        const at = each.indexOf('=');
        return at > 0 ? [[each.slice(0, at), each.slice(at + 1)]] : [];
      });
  return Object.fromEntries(
    pairs.flatMap(([name, raw]) => {
      if (raw === null || typeof raw === 'object') return [];
      const { text, unknown } = interpolate(String(raw), variables);
      return unknown.length > 0 ? [] : [[name, text]];
    }),
  );
}

/** `device_ids` or `count` of what is reserved, or of `gpus:`; null for "all" and where nothing is said. */
function gpusOf(service: unknown): number | null {
  const reserved = fieldOf(service, 'deploy', 'resources', 'reservations', 'devices');
  const gpus = fieldOf(service, 'gpus');
  const devices = [reserved, gpus].flatMap((list) => (Array.isArray(list) ? list : []));
  const counts = devices.flatMap((device) => {
    const ids = fieldOf(device, 'device_ids');
    const written = typeof ids === 'string' ? ids.split(',') : ids;
    if (Array.isArray(written)) return [written.length];
    const count = Number(fieldOf(device, 'count') ?? Number.NaN);
    return Number.isInteger(count) && count > 0 ? [count] : [];
  });
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}
