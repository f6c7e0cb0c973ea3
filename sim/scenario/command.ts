import { clipped, oneLine } from '../one-line.ts';
import { joinDotted } from './dotted-arguments.ts';
import { isWithoutEffect } from './flag-effects.ts';
import { isModelled, readFlagValue } from './flag-values.ts';
import { adviceFor, findFlag, longName, takesSeveralValues, type VllmVersion } from './flags.ts';
import { shellWords } from './shell-words.ts';
import type { EngineFlags, FlagValue, RefusedFlag } from './stated-flags.ts';
import { surroundingsOf } from './surroundings.ts';

/** Characters of a word that a message repeats. */
const MOST_SHOWN = 200;
/** Arguments that a message names: more nobody reads, and the nearest names of thousands take seconds. */
const MOST_REFUSED = 100;

/** Collects flags as vLLM's parser would: known ones by what they do, the rest as it would refuse them. */
export class FlagCollector {
  private readonly version: VllmVersion;
  private readonly honoured = new Map<string, FlagValue>();
  private readonly ignored = new Set<string>();
  private readonly unmodelled = new Set<string>();
  private readonly unrecognized: RefusedFlag[] = [];
  private readonly invalid: RefusedFlag[] = [];

  constructor(version: VllmVersion) {
    this.version = version;
  }

  /** A flag that the version knows, with its value; the last one of a name wins. */
  add(name: string, raw: unknown): void {
    if (isModelled(name)) {
      const read = readFlagValue(name, raw, this.version);
      if ('refusal' in read)
        this.invalid.push({ text: read.refusal, advice: invalidAdvice(name, this.version) });
      else this.honoured.set(name.replaceAll('-', '_'), read.value);
    } else if (findFlag(name, this.version)?.kind === 'honour' && !isWithoutEffect(name, raw)) {
      this.unmodelled.add(name);
    } else {
      this.ignored.add(raw === false ? `no-${name}` : name);
    }
  }

  /** An argument that the version does not know; of very many, the first ones. */
  refuse(name: string, text: string): void {
    if (this.unrecognized.length === MOST_REFUSED) return;
    const [shownText, shownName] = [text, name].map((each) => clipped(oneLine(each), MOST_SHOWN));
    this.unrecognized.push({
      text: shownText,
      advice: `--${shownName}: ${adviceFor(name, this.version)}`,
    });
  }

  finish(): EngineFlags {
    return {
      honoured: Object.fromEntries(this.honoured),
      ignored: [...this.ignored],
      unrecognized: this.unrecognized,
      invalid: this.invalid,
      unmodelled: [...this.unmodelled],
    };
  }
}

function invalidAdvice(name: string, version: VllmVersion): string {
  if (name === 'block-size') return `vLLM ${version} takes blocks of 8, 16 or 32 tokens`;
  if (name === 'kv-cache-dtype') return 'auto already is the 16-bit type of the model; fp8 halves it';
  if (name === 'limit-mm-per-prompt') return 'give it as JSON: --limit-mm-per-prompt \'{"image": 4}\'';
  return `give --${name} a value of the type that it expects`;
}

/** What a command line says. */
export interface ParsedCommand {
  /** null: vLLM's default model. */
  readonly model: string | null;
  readonly flags: EngineFlags;
  /** Assignments before the server, and those that a container is given. */
  readonly env: Readonly<Record<string, string>>;
  /** GiB that `docker run --memory` allows; null = not stated. */
  readonly containerGib: number | null;
}

/**
 * Reads `vllm serve MODEL --flag …`, `python -m vllm.entrypoints…  --model MODEL …`, or either of them behind
 * `docker run … IMAGE`, environment assignments, or a launcher. The text is only read, never run.
 * @returns null if it starts no vLLM server.
 */
export function parseCommand(text: string, version: VllmVersion): ParsedCommand | null {
  const line = shellWords(text);
  const start = findServer(line);
  if (start === null) return null;
  const own = argumentsOnly(line.slice(start.firstArgument));
  const words = version === '0.6.3' ? own : joinDotted(own);
  const flags = new FlagCollector(version);
  let model: string | null = null;
  for (let i = 0; i < words.length; i++) {
    // -O3 is -O 3.
    const level = /^-O(\d)$/.exec(words[i])?.[1];
    const word = level === undefined ? words[i] : `--optimization-level=${level}`;
    const long = longName(word);
    if (!word.startsWith('--') && long === null) {
      if (start.positionalModel && model === null && !word.startsWith('-')) model = word;
      else flags.refuse(word.replace(/^-+/, ''), word);
      continue;
    }
    const [written, attached] = long === null ? splitAtEquals(word.slice(2)) : [long, null];
    const name = written.replaceAll('_', '-');
    const flag = findFlag(name, version);
    const negated = name.startsWith('no-') ? findFlag(name.slice(3), version) : null;
    if (flag === null && negated?.isSwitch && version !== '0.6.3') {
      flags.add(negated.name, false);
      continue;
    }
    const takesValue =
      attached === null && hasValueNext(words, i) && !(flag?.isSwitch && !isBoolean(words[i + 1]));
    let value = attached ?? (takesValue ? words[++i] : null);
    while (takesSeveralValues(name) && hasValueNext(words, i)) value = `${value} ${words[++i]}`;
    if (flag === null) {
      flags.refuse(name, value === null || attached !== null ? word : `${word} ${value}`);
    } else if (name === 'model' && value !== null) {
      model = value;
    } else if (value === null && !flag.isSwitch && isModelled(name)) {
      flags.add(name, '');
    } else {
      flags.add(name, value ?? true);
    }
  }
  return { model, flags: flags.finish(), ...surroundingsOf(line.slice(0, start.firstArgument)) };
}

/** What a shell takes for itself: pipes, the next command, `> log`, `2>&1`. */
const SHELL_WORD = /^(?:\|\|?|&&?|;|<|(?:\d|&)?>>?(?:&?[\w./-]+)?)$/;

/** The words of one command up to where the shell goes on: `| tee log`, `> log 2>&1 &`. */
export function argumentsOnly(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => SHELL_WORD.test(word));
  return end < 0 ? words : words.slice(0, end);
}

function hasValueNext(words: readonly string[], i: number): boolean {
  const next = words[i + 1];
  return next !== undefined && (!next.startsWith('-') || /^-\d/.test(next));
}

function isBoolean(word: string | undefined): boolean {
  return /^(true|false)$/i.test(word ?? '');
}

function splitAtEquals(word: string): [name: string, value: string | null] {
  const at = word.indexOf('=');
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}

/** Where the arguments of the server begin. */
export function findServer(
  words: readonly string[],
): { firstArgument: number; positionalModel: boolean } | null {
  for (let i = 0; i < words.length; i++) {
    const program = words[i].split('/').pop();
    if (program === 'vllm' && words[i + 1] === 'serve')
      return { firstArgument: i + 2, positionalModel: true };
    if (words[i] === '-m' && /^vllm\.entrypoints\./.test(words[i + 1] ?? '')) {
      return { firstArgument: i + 2, positionalModel: false };
    }
  }
  // An image whose entry point is the server: what follows the image are its arguments.
  const image = imageIn(words);
  // V1's images end in `vllm serve`, earlier ones in the module: both take --model.
  return image === null ? null : { firstArgument: image + 1, positionalModel: true };
}

/** The image of vLLM's that `docker run` and its like name; null = none. */
export function imageOf(words: readonly string[]): string | null {
  const at = imageIn(words);
  return at === null ? null : words[at];
}

function imageIn(words: readonly string[]): number | null {
  const docker = words.findIndex((word) => /^(docker|podman|nerdctl)$/.test(word));
  const image = words.findIndex(
    (word, i) =>
      i > docker && /(^|\/)vllm[\w.-]*(:[\w.${}-]+)?$/.test(word) && !/^--name$/.test(words[i - 1]),
  );
  return docker >= 0 && image > docker ? image : null;
}
