import type { Variables } from './deployment.ts';

/** A text with its variables replaced, and those for which nobody has a value. */
export interface Interpolated {
  readonly text: string;
  readonly unknown: readonly string[];
}

/** `${NAME}` with what may stand in it, `$NAME`, `$$`. */
const COMPOSE = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?+])([^}]*))?\}|([A-Za-z_]\w*))/g;

/** Docker Compose's `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME:+other}`, `$NAME`, `$$`. */
export function interpolate(text: string, variables: Variables): Interpolated {
  const unknown: string[] = [];
  const replaced = text.replace(
    COMPOSE,
    (
      all: string,
      braced: string | undefined,
      operator: string | undefined,
      other: string | undefined,
      bare: string | undefined,
    ) => {
      if (all === '$$') return '$';
      const name = braced ?? bare ?? '';
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      const isSet = value !== undefined && !(operator?.startsWith(':') && value === '');
      if (operator?.endsWith('+')) return isSet ? (other ?? '') : '';
      if (isSet) return value;
      if (operator?.endsWith('-')) return other ?? '';
      unknown.push(name);
      return all;
    },
  );
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
