import { type ShellToken, shellTokens } from '../shell-words.ts';

/** One command of a script, its variables replaced as far as the script says what they are. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** Exported by the script before, or assigned in front of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables in it that the script does not set. */
  readonly unknown: readonly string[];
}

const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=(.*)$/s;
const KEYWORDS = ['if', 'then', 'else', 'elif', 'do', 'while', 'until', '!', '{', 'exec', 'nohup', 'time'];
/** `NAME`, `NAME[@]`, `NAME:-default`. Positional parameters too: a script is read as if it was called without. */
const PARAMETER = /^([A-Za-z_]\w*|[@*#?]|\d+)(?:\[[@*]\])?(?:(:?)([-=?+])(.*))?$/s;
const DEEPEST = 10;
const MOST_COMMANDS = 10_000;

/**
 * The commands of a shell script, in the order of the text, whatever branch they stand in. Assignments of literals
 * are followed; nothing is run, so what `$(…)` and backticks print is as unknown as a variable that nobody sets.
 * @param environment variables that are set before the script begins.
 */
export function shellCommands(
  text: string,
  environment: Readonly<Record<string, string>> = {},
): ShellCommand[] {
  const variables = new Map<string, readonly string[]>(
    Object.entries(environment).map(([name, value]) => [name, [value]]),
  );
  const exported = new Map(Object.entries(environment));
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let unknown: string[] = [];
  let depth = 0;
  const lookup = (expression: string): readonly string[] | null => {
    const match = PARAMETER.exec(expression);
    if (match === null) {
      unknown.push(expression);
      return null;
    }
    const [, name, colon, operator, other] = match;
    const value = variables.get(name);
    const isSet = value !== undefined && !(colon === ':' && value.join('') === '');
    if (operator === '+') return isSet ? [expanded(other)] : [];
    if (isSet) return value;
    if (operator === '-' || operator === '=') return [expanded(other)];
    if (operator === undefined && !/^[A-Za-z_]/.test(name)) return [];
    unknown.push(name);
    return null;
  };
  /** A default, in which others may stand. */
  const expanded = (text: string): string => {
    if (depth >= DEEPEST) return text;
    depth++;
    const words = [...shellTokens(text, lookup)].map((token) =>
      'word' in token ? token.word : token.operator,
    );
    depth--;
    return words.join(' ');
  };
  const endCommand = () => {
    const env: Record<string, string> = {};
    let at = 0;
    while (KEYWORDS.includes(words[at])) at++;
    const declares = /^(export|declare|local|readonly)$/.test(words[at] ?? '');
    for (const word of declares ? words.slice(at + 1) : words.slice(at)) {
      const assignment = ASSIGNMENT.exec(word);
      if (assignment === null) {
        if (!declares) break;
        if (variables.has(word)) exported.set(word, variables.get(word)?.join(' ') ?? '');
        continue;
      }
      const [, name, plus, value] = assignment;
      env[name] = plus === '+' ? `${variables.get(name)?.join(' ') ?? ''}${value}` : value;
      at++;
    }
    if (declares || at === words.length) {
      for (const [name, value] of Object.entries(env)) {
        if (unknown.length > 0 && value.includes('$')) {
          if (!Object.hasOwn(environment, name)) variables.delete(name);
          continue;
        }
        variables.set(name, [value]);
        if (declares) exported.set(name, value);
      }
    } else if (commands.length < MOST_COMMANDS) {
      while (KEYWORDS.includes(words[at])) at++;
      commands.push({ words: words.slice(at), env: { ...Object.fromEntries(exported), ...env }, unknown });
    }
    words = [];
    unknown = [];
  };
  const tokens = shellTokens(text, lookup);
  for (let token = tokens.next(); !token.done; token = tokens.next()) {
    const { value } = token;
    if ('word' in value) words.push(value.word);
    else if (value.operator === '(' && words.length === 1 && /^\w+\+?=$/.test(words[0])) {
      const name = words[0].replace(/\+?=$/, '');
      const before = words[0].endsWith('+=') ? (variables.get(name) ?? []) : [];
      variables.set(name, [...before, ...arrayOf(tokens)]);
      words = [];
      unknown = [];
    } else if (value.operator !== '&' || words.length > 0) endCommand();
  }
  endCommand();
  return commands;
}

/** The words up to the bracket that closes `NAME=(…)`. */
function arrayOf(tokens: Iterator<ShellToken>): string[] {
  const words: string[] = [];
  for (let token = tokens.next(); !token.done; token = tokens.next()) {
    if ('word' in token.value) words.push(token.value.word);
    else if (token.value.operator === ')') break;
  }
  return words;
}
