import { argumentsOnly, findServer } from '../command.ts';
import { findFlag } from '../flags.ts';
import { shellText } from '../shell-words.ts';
import { withoutSecrets } from './secrets.ts';
import { shellCommands } from './shell-script.ts';
import { formsOf } from './variables.ts';

/** What a container, a unit or a script runs, before anybody looked for a server in it. */
export interface Launch {
  /** Replaces the image's own; null = the image's. */
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[];
  readonly image: string | null;
  readonly env: Readonly<Record<string, string>>;
}

/** The command line that starts the server. */
export interface Server {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables around it that nobody sets; it need not have them in its words. */
  readonly unknown: readonly string[];
  readonly notes: readonly string[];
}

const MOST_VARIABLES = 100;
const SHELL = /(^|\/)(ba|da|z|k|a)?sh$/;
const VLLM_IMAGE = /(^|\/)vllm[\w.-]*(:[\w.-]+)?(@sha256:\w+)?$/;
/** Programs that start others, and what to know of it. */
const WRAPPERS: Readonly<Record<string, string>> = {
  torchrun: 'torchrun would start one server per process; vLLM starts its own workers. Read as one server',
  mpirun: 'mpirun would start one server per process; vLLM starts its own workers. Read as one server',
  accelerate:
    'accelerate would start one server per process; vLLM starts its own workers. Read as one server',
  ray: 'started through ray: read as if all GPUs were of one server',
  numactl: 'numactl is left out: memory is not modelled per NUMA node',
  nsys: 'nsys is left out: profiling takes time and memory that are not modelled',
};

/** Finds the server in what is run, looking into `sh -c '…'`. Null if there is none. */
export function findLaunch({ entrypoint, command, image, env }: Launch): Server | null {
  const notes: string[] = [];
  const ownEntry = entrypoint !== null && entrypoint.length > 0;
  const words = ownEntry ? [...entrypoint, ...command] : [...command];
  const script = scriptOf(words);
  if (script !== null) {
    const inside = serverOfScript(script, env);
    return inside && { ...inside, notes: [...notes, ...inside.notes] };
  }
  if (findServer(words) !== null) return { words, env, unknown: [], notes: notesOn(words) };
  if (ownEntry || image === null) return null;
  const isVllm = VLLM_IMAGE.test(image);
  // An image of one's own that goes on from vLLM's keeps its entry point.
  const takesFlags = words[0]?.startsWith('-') && words.some((word) => /^--model(=|$)/.test(word));
  if (!isVllm && !takesFlags) return null;
  if (!isVllm) notes.push(`the entry point of ${image} is taken for that of vLLM's images`);
  return { words: ['vllm', 'serve', ...words], env, unknown: [], notes };
}

/** The first command of a script that starts a server. */
export function serverOfScript(script: string, env: Readonly<Record<string, string>>): Server | null {
  const commands = shellCommands(script, env);
  for (const { words, env: own, unknown } of commands) {
    const inner = scriptOf(words);
    if (inner !== null && inner !== script) {
      const found = serverOfScript(inner, own);
      if (found !== null) return found;
    }
    if (findServer(words) === null) continue;
    const others = commands.map((command) => command.words).filter((other) => other !== words);
    const ray = others.some(([first, second]) => first === 'ray' && second === 'start');
    const notes = [...notesOn(words), ...(ray ? [WRAPPERS.ray] : [])];
    return { words: argumentsOnly(words), env: own, unknown, notes };
  }
  return null;
}

/**
 * Of the variables that nobody sets, those without which nobody knows what the server does: not those of other commands,
 * of `docker run -e TOKEN=$TOKEN`, or of flags like `--port`.
 */
export function neededVariables({ words, unknown }: Server, others: readonly string[] = []): string[] {
  const needed: string[] = [];
  for (let i = findServer(words)?.firstArgument ?? 0; i < words.length; i++) {
    const [, name, attached] = /^--([\w-]+)(=?)/.exec(words[i]) ?? [];
    const flag = name === undefined ? null : (findFlag(name, '2026-05') ?? findFlag(name, '0.6.3'));
    if (flag === null || flag.kind === 'honour') needed.push(words[i]);
    else if (attached === '' && !flag.isSwitch && !words[i + 1]?.startsWith('--')) i++;
  }
  const names = [...new Set([...others, ...unknown])].slice(0, MOST_VARIABLES);
  return names.filter((name) => needed.some((word) => formsOf(name).some((form) => word.includes(form))));
}

/** The text behind `sh -c`. */
function scriptOf(words: readonly string[]): string | null {
  const shell = words.findIndex((word) => SHELL.test(word));
  if (shell < 0 || shell > 3) return null;
  let at = shell + 1;
  while (/^[-+]/.test(words[at] ?? '')) {
    if (/^-\w*c$/.test(words[at])) return words[at + 1] ?? null;
    at += words[at] === '-o' ? 2 : 1;
  }
  return null;
}

function notesOn(words: readonly string[]): string[] {
  const before = words.slice(0, findServer(words)?.firstArgument ?? 0);
  return [...new Set(before.map((word) => word.split('/').pop() ?? ''))].flatMap((program) =>
    Object.hasOwn(WRAPPERS, program) ? [WRAPPERS[program]] : [],
  );
}

/** As one text; what docker says before the image stays in front. */
export function commandOf({ words }: Pick<Server, 'words'>): string {
  return shellText(withoutSecrets(words));
}
