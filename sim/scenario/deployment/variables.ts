import { inBraces } from '../shell-words.ts';
import type { Variables } from './deployment.ts';

/** A text with its variables replaced, and those for which nobody has a value. */
export interface Interpolated {
  readonly text: string;
  readonly unknown: readonly string[];
}

/** What may stand in a `${…}`. */
const IN_BRACES = /^([A-Za-z_]\w*)(?:(:?)([-?+])(.*))?$/s;
const BARE = /\$([A-Za-z_]\w*)/y;
const DEEPEST = 10;

/** Docker Compose's `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME:+other}`, `$NAME`, `$$`. */
export function interpolate(text: string, variables: Variables, depth = 0): Interpolated {
  const unknown: string[] = [];
  /** The texts of defaults may have variables themselves. */
  const inner = (other: string): string => {
    if (depth >= DEEPEST) return other;
    const { text: replaced, unknown: missing } = interpolate(other, variables, depth + 1);
    unknown.push(...missing);
    return replaced;
  };
  const resolved = (name: string, colon: string, operator: string, other: string): string | null => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const isSet = value !== undefined && !(colon === ':' && value === '');
    if (operator === '+') return isSet ? inner(other) : '';
    if (isSet) return value;
    if (operator === '-') return inner(other);
    unknown.push(name);
    return null;
  };
  let replaced = '';
  for (let i = 0; i < text.length; ) {
    const next = text.indexOf('$', i);
    if (next < 0) return { text: replaced + text.slice(i), unknown };
    replaced += text.slice(i, next);
    BARE.lastIndex = next;
    const braces = inBraces(text, next);
    const [, name, colon = '', operator = '', other = ''] =
      (braces === null ? BARE.exec(text) : IN_BRACES.exec(braces)) ?? [];
    const written = braces !== null ? `\${${braces}}` : name === undefined ? '$' : `$${name}`;
    if (text[next + 1] === '$') {
      replaced += '$';
      i = next + 2;
    } else {
      replaced += (name === undefined ? null : resolved(name, colon, operator, other)) ?? written;
      i = next + written.length;
    }
  }
  return { text: replaced, unknown };
}

/** Kubernetes' `$(NAME)`; what is not set stays as it is. */
export function interpolateKubernetes(text: string, variables: Variables): Interpolated {
  const unknown: string[] = [];
  const replaced = text.replace(
    /\$\$\(|\$\(([A-Za-z_][\w.-]*)\)/g,
    (all: string, name: string | undefined) => {
      if (name === undefined) return '$(';
      if (Object.hasOwn(variables, name)) return variables[name];
      unknown.push(name);
      return all;
    },
  );
  return { text: replaced, unknown };
}

/** How a shell, Compose, Kubernetes and supervisor write a variable. */
export function formsOf(name: string): string[] {
  return [`$${name}`, `\${${name}`, `$(${name})`, `%(${name})`, `%(ENV_${name})`];
}

/** What to say of variables, and of `(…)` that a shell would run, which stand in a command and have no value. */
export function unknownVariables(names: readonly string[]): string {
  const list = [...new Set(names.filter((name) => !name.startsWith('(')))];
  if (list.length === 0)
    return `nothing is run here, so nobody knows what $${names[0]} prints: write its value`;
  return `nothing here says what ${list.join(', ')} is: give ${list.length === 1 ? 'it' : 'each'} a default in the file, or a value (variables: in a scenario, --var NAME=VALUE of import)`;
}
