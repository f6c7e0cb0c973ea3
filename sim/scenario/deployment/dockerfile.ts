import { InputError } from '../../error.ts';
import { shellWords } from '../shell-words.ts';
import type { Candidate, Variables } from './deployment.ts';
import { firstLineBut } from './first-line.ts';
import { commandOf, findLaunch, neededVariables } from './launch.ts';
import { interpolate, unknownVariables } from './variables.ts';

export function isDockerfile(text: string): boolean {
  return /^FROM\s+\S/.test(firstLineBut(text, /^(#|ARG\s)/));
}

/** A stage of a build, as far as it says what runs. */
interface Stage {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[];
  /** Line of what says the command. */
  readonly line: number;
}

/** The server that the last stage of a Dockerfile starts with ENTRYPOINT and CMD. */
export function dockerfileServers(text: string, file: string, variables: Variables): Candidate[] {
  const stages = new Map<string, Stage>();
  const args: Record<string, string> = {};
  let stage: Stage | null = null;
  let stageName = '';
  for (const { line, keyword, rest } of instructionsOf(text)) {
    const known: Variables = { ...args, ...stage?.env, ...variables };
    if (keyword === 'FROM') {
      const [image, , name] = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
      const from = interpolate(image ?? '', known).text;
      stage = stages.get(from) ?? { image: from, env: {}, entrypoint: null, command: [], line };
      stageName = name ?? '';
      stages.set(stageName, stage);
      continue;
    }
    if (keyword === 'ARG') {
      const [name, value] = splitAtEquals(rest);
      if (value !== null) args[name] = interpolate(unquoted(value), known).text;
      continue;
    }
    if (stage === null) continue;
    if (keyword === 'ENV') stage = { ...stage, env: { ...stage.env, ...envOf(rest, known) } };
    else if (keyword === 'ENTRYPOINT') stage = { ...stage, entrypoint: wordsOf(rest), command: [], line };
    else if (keyword === 'CMD') stage = { ...stage, command: wordsOf(rest), line };
    stages.set(stageName, stage);
  }
  if (stage === null) return [];
  const last: Stage = stage;
  const server = findLaunch({ ...last, env: { ...args, ...last.env, ...variables } });
  if (server === null) return [];
  return [
    {
      name: 'CMD',
      place: { line: last.line, column: 1 },
      read() {
        const missing = neededVariables(server);
        if (missing.length > 0) {
          const place = { line: last.line, column: 1 };
          throw new InputError([{ file, place, message: unknownVariables(missing) }]);
        }
        return {
          name: '',
          start: { command: commandOf(server) },
          env: last.env,
          containerGib: null,
          gpuCount: null,
          gpuProduct: null,
          image: last.image,
          notes: server.notes,
        };
      },
    },
  ];
}

/** Instructions with their continued lines joined. */
function instructionsOf(text: string): { line: number; keyword: string; rest: string }[] {
  const instructions: { line: number; keyword: string; rest: string }[] = [];
  let open: { line: number; text: string } | null = null;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const continues: boolean = /\\\s*$/.test(raw);
    const part = raw.replace(/\\\s*$/, '');
    open = open === null ? { line: i + 1, text: part } : { line: open.line, text: `${open.text} ${part}` };
    if (continues) continue;
    const match = /^\s*([A-Za-z]+)\s+([\s\S]*)$/.exec(open.text);
    if (match !== null)
      instructions.push({ line: open.line, keyword: match[1].toUpperCase(), rest: match[2].trim() });
    open = null;
  }
  return instructions;
}

/** The exec form is a JSON list; the shell form is run by `/bin/sh -c`. */
function wordsOf(rest: string): string[] {
  if (rest.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(rest);
      if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
    } catch {
      // Docker, too, takes what is no JSON for the shell form.
    }
  }
  return ['/bin/sh', '-c', rest];
}

/** `NAME=value NAME="other value"`, or the old `NAME value`. */
function envOf(rest: string, known: Variables): Record<string, string> {
  const words = shellWords(rest);
  const pairs = words[0]?.includes('=')
    ? words.map(splitAtEquals)
    : ([[words[0] ?? '', words.slice(1).join(' ')]] as const);
  return Object.fromEntries(
    pairs.flatMap(([name, value]) => (value === null ? [] : [[name, interpolate(value, known).text]])),
  );
}

function splitAtEquals(text: string): [name: string, value: string | null] {
  const at = text.indexOf('=');
  return at < 0 ? [text.trim(), null] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function unquoted(text: string): string {
  return /^(['"])(.*)\1$/s.exec(text)?.[2] ?? text;
}
