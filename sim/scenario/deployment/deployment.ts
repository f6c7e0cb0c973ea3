import { InputError, type Place } from '../../error.ts';
import { isObject } from '../../plain-values.ts';

/** A vLLM server as somebody's deployment starts it: all that a scenario can take from it. */
export interface Deployment {
  /** What it is called there: a compose service, `Deployment/llm`, a supervisor program; empty = nothing. */
  readonly name: string;
  readonly start: Start;
  /** Environment variables with the values that the file gives them. */
  readonly env: Readonly<Record<string, string>>;
  /** GiB that its cgroup may have; null = not stated. */
  readonly containerGib: number | null;
  /** GPUs of all its containers together; null = not stated. */
  readonly gpuCount: number | null;
  /** The GPU as the file names it, like "NVIDIA-L4"; null = not stated. */
  readonly gpuProduct: string | null;
  /** Image with its tag; null = none. */
  readonly image: string | null;
  /** Where the file says it; what is wrong with the command is told there. */
  readonly place?: Place;
  /** What the reader should know about how the file was understood. */
  readonly notes: readonly string[];
}

/** How it is started: a command line, or the flags of `vllm serve --config`. */
export type Start =
  | { readonly command: string; readonly engine?: undefined }
  | { readonly engine: Readonly<Record<string, unknown>>; readonly command?: undefined };

/** A server found in a file, not yet read: reading it may fail, and nobody may want this one. */
export interface Candidate {
  readonly name: string;
  /** Other names that it answers to, such as that of its container. */
  readonly aliases?: readonly string[];
  readonly place?: Place;
  /** @throws InputError */
  read(): Deployment;
}

/** Values for variables that a file leaves open. */
export type Variables = Readonly<Record<string, string>>;

/**
 * The one that is meant, read.
 * @throws InputError if there is none of that name, or several and no name.
 */
export function choose(candidates: readonly Candidate[], name: string | null, file: string): Deployment {
  const names = candidates.map((candidate) => candidate.name);
  if (candidates.length === 0) {
    throw new InputError([{ file, message: 'starts no vLLM server that could be found' }]);
  }
  if (name === null) {
    if (candidates.length === 1) return located(candidates[0]);
    throw new InputError([
      {
        file,
        place: candidates[1].place,
        message: `starts several servers: say which, as in ${file}#${names[0]} (${shortList(names)})`,
      },
    ]);
  }
  const found = candidates.find((candidate) => candidate.name === name || candidate.aliases?.includes(name));
  if (found !== undefined) return located(found);
  throw new InputError([
    { file, message: `starts no vLLM server called ${name}; expected one of ${shortList(names)}` },
  ]);
}

function located(candidate: Candidate): Deployment {
  return { ...candidate.read(), place: candidate.place };
}

function shortList(names: readonly string[]): string {
  return names.length <= 10
    ? names.join(', ')
    : `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`;
}

/** A field of something that may be no object, own ones only. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  let inner = value;
  for (const key of path) inner = isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  return inner;
}

/** A list of texts and numbers as texts; null if it is none. */
export function textsOf(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  return value.every((each) => ['string', 'number', 'boolean'].includes(typeof each))
    ? value.map(String)
    : null;
}
