import { InputError } from '../../error.ts';
import { isObject } from '../../plain-values.ts';
import type { Candidate, Variables } from './deployment.ts';
import { commandOf } from './launch.ts';
import { LiteralReader, type PythonToken, type PythonValue, pythonTokens } from './python-literals.ts';

const CALLS = ['LLM', 'EngineArgs', 'AsyncEngineArgs'];

export function isPython(text: string): boolean {
  return /\b(LLM|EngineArgs|AsyncEngineArgs)\s*\(/.test(text);
}

/**
 * Calls of `LLM(…)`, `EngineArgs(…)` and `AsyncEngineArgs(…)` in Python source, by their keyword arguments. Literals,
 * and names that the file gives one, are read; nothing is run.
 */
export function pythonServers(source: string, file: string, variables: Variables): Candidate[] {
  const tokens = pythonTokens(source);
  const known = constantsOf(tokens, variables);
  const seen = new Map<string, number>();
  return tokens.flatMap((token, i): Candidate[] => {
    const next = tokens[i + 1];
    const before = tokens[i - 1]?.text;
    if (token.kind !== 'name' || !CALLS.includes(token.text) || next?.text !== '(') return [];
    if (before === 'class' || before === 'def') return [];
    const args = argumentsOf(tokens, i + 2, known, variables);
    if (args.positional === 0 && args.named.length === 0) return [];
    const count = (seen.get(token.text) ?? 0) + 1;
    seen.set(token.text, count);
    const name = count === 1 ? token.text : `${token.text}-${count}`;
    const place = { line: token.line, column: token.column };
    return [{ name, place, read: () => deploymentOf(args, file, token) }];
  });
}

interface Arguments {
  /** How many without a name; the first is the model. */
  readonly positional: number;
  readonly model: PythonValue | undefined;
  readonly named: readonly { readonly name: string; readonly value: PythonValue | undefined }[];
  /** `*args`, or `**kwargs` of which nobody knows what it holds. */
  readonly spread: boolean;
}

function argumentsOf(
  tokens: readonly PythonToken[],
  at: number,
  known: ReadonlyMap<string, PythonValue>,
  variables: Variables,
): Arguments {
  const reader = new LiteralReader(tokens, at, known, variables);
  const ends = [',', ')'];
  const named: { name: string; value: PythonValue | undefined }[] = [];
  let positional = 0;
  let model: PythonValue | undefined;
  let spread = false;
  for (reader.skipLines(); reader.token !== undefined && reader.token.text !== ')'; reader.skipLines()) {
    const { token } = reader;
    if (token.text === '**') {
      reader.at++;
      const value = reader.read(ends);
      if (isObject(value))
        named.push(...Object.entries(value).map(([name, each]) => ({ name, value: each })));
      else spread = true;
    } else if (token.text === '*') {
      spread = true;
      reader.skipTo(ends);
    } else if (token.kind === 'name' && tokens[reader.at + 1]?.text === '=') {
      reader.at += 2;
      const value = given(token.text, reader.read(ends), variables);
      named.push({ name: token.text, value });
    } else {
      const value = reader.read(ends);
      if (positional++ === 0) model = given('model', value, variables);
    }
    if (reader.token?.text === ',') reader.at++;
  }
  return { positional, model, named, spread };
}

/** What `--var` says of an argument that is no literal. */
function given(name: string, value: PythonValue | undefined, variables: Variables): PythonValue | undefined {
  return value === undefined && Object.hasOwn(variables, name) ? variables[name] : value;
}

/** `NAME = literal` at the start of a line, the last of a name. Variables that were given go before. */
function constantsOf(tokens: readonly PythonToken[], variables: Variables): Map<string, PythonValue> {
  const known = new Map<string, PythonValue>();
  tokens.forEach((token, i) => {
    const starts = i === 0 || tokens[i - 1].kind === 'line';
    if (!starts || token.kind !== 'name' || token.column !== 1) return;
    const equals = annotated(tokens, i);
    if (equals === null) return;
    const value = new LiteralReader(logicalLine(tokens, equals + 1), 0, known, variables).read([]);
    if (value !== undefined) known.set(token.text, value);
    else known.delete(token.text);
  });
  for (const [name, value] of Object.entries(variables)) known.set(name, value);
  return known;
}

/** The tokens up to the line end outside of brackets. */
function logicalLine(tokens: readonly PythonToken[], from: number): PythonToken[] {
  let depth = 0;
  let end = from;
  for (; end < tokens.length; end++) {
    const { kind, text } = tokens[end];
    if (kind === 'line' && depth <= 0) break;
    if (kind === 'operator') depth += '([{'.includes(text) ? 1 : ')]}'.includes(text) ? -1 : 0;
  }
  return tokens.slice(from, end);
}

/** Where the `=` of `NAME = …` or `NAME: type = …` stands; null if it is none. */
function annotated(tokens: readonly PythonToken[], i: number): number | null {
  if (tokens[i + 1]?.text === '=' && tokens[i + 2]?.text !== '=') return i + 1;
  return tokens[i + 1]?.text === ':' && tokens[i + 3]?.text === '=' ? i + 3 : null;
}

function deploymentOf({ model, positional, named, spread }: Arguments, file: string, call: PythonToken) {
  const all = positional > 0 ? [{ name: 'model', value: model }, ...named] : named;
  const notes = [`${call.text}(…) is read as flags of vllm serve`];
  const left = all.filter(({ value }) => value === undefined).map(({ name }) => name);
  if (left.includes('model')) {
    throw new InputError([
      {
        file,
        place: { line: call.line, column: call.column },
        field: 'model',
        message: 'expected a literal, or a name that the file gives one: give it with --var model=NAME',
      },
    ]);
  }
  if (left.length > 0) notes.push(`left out, since they are no literals: ${left.join(', ')}`);
  if (spread) notes.push('left out: arguments that are unpacked with * or **');
  const words = all.flatMap(({ name, value }) => (name === 'model' ? [] : flagOf(name, value)));
  const name = all.find((argument) => argument.name === 'model')?.value;
  const start = ['vllm', 'serve', ...(name === undefined || name === null ? [] : [String(name)])];
  return {
    name: '',
    start: { command: commandOf({ words: [...start, ...words] }) },
    env: {},
    containerGib: null,
    gpuCount: null,
    gpuProduct: null,
    image: null,
    notes,
  };
}

/** None is the default, and no flag. */
function flagOf(name: string, value: PythonValue | undefined): string[] {
  const flag = `--${name.replaceAll('_', '-')}`;
  if (value === undefined || value === null) return [];
  if (value === true) return [flag];
  if (value === false) return [`${flag}=false`];
  return [flag, typeof value === 'object' ? JSON.stringify(value) : String(value)];
}
