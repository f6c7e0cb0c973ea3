import { InputError } from '../../error.ts';
import { shellWords } from '../shell-words.ts';
import type { Candidate, Variables } from './deployment.ts';
import { commandOf, findLaunch, neededVariables } from './launch.ts';
import { unknownVariables } from './variables.ts';

export function isSupervisor(text: string): boolean {
  return /^[ \t]*\[program:[^\]\r\n]+\]/m.test(text) || /^command\s*=/m.test(text);
}

interface Section {
  readonly name: string;
  readonly values: Map<string, { readonly text: string; readonly line: number }>;
}

/** The programs of a supervisor configuration that start a vLLM server. */
export function supervisorServers(text: string, file: string, variables: Variables): Candidate[] {
  return sectionsOf(text).flatMap(({ name, values }): Candidate[] => {
    const command = values.get('command');
    if (command === undefined) return [];
    const unknown: string[] = [];
    const words = shellWords(command.text).map((word) =>
      word.replace(/%%|%\((\w+)\)\d*[sd]/g, (_, key: string | undefined) => {
        if (key === undefined) return '%';
        const variable = key.replace(/^ENV_/, '');
        if (key === 'program_name' || key === 'group_name') return name;
        if (Object.hasOwn(variables, variable)) return variables[variable];
        unknown.push(variable);
        // As a shell writes it: the word may be a script.
        return `\${${variable}}`;
      }),
    );
    const env = environmentOf(values.get('environment')?.text ?? '');
    const server = findLaunch({ entrypoint: words, command: [], image: null, env });
    if (server === null) return [];
    const place = { line: command.line, column: 1 };
    return [
      {
        name,
        place,
        read() {
          const missing = neededVariables(server, unknown);
          if (missing.length > 0) {
            throw new InputError([{ file, place, field: 'command', message: unknownVariables(missing) }]);
          }
          return {
            name,
            start: { command: commandOf(server) },
            env: server.env,
            containerGib: null,
            gpuCount: null,
            gpuProduct: null,
            image: null,
            notes: server.notes,
          };
        },
      },
    ];
  });
}

/** INI: `[program:NAME]`, `key=value`, `;` comments after a blank, lines that go on where they are indented. */
function sectionsOf(text: string): Section[] {
  const sections: Section[] = [{ name: '', values: new Map() }];
  let key: string | null = null;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s);.*$/s, '').trimEnd();
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    const { values } = sections[sections.length - 1];
    const header = /^\s*\[(?:program:)?([^\]]+)\]/.exec(line);
    const pair = /^([\w.-]+)\s*[=:](.*)$/s.exec(line);
    const open = key === null ? undefined : values.get(key);
    if (header !== null) {
      sections.push({ name: header[1], values: new Map() });
      key = null;
    } else if (/^\s/.test(line) && key !== null && open !== undefined) {
      values.set(key, { text: `${open.text}\n${line.trim()}`, line: open.line });
    } else if (pair !== null) {
      key = pair[1];
      values.set(key, { text: pair[2].trimStart(), line: i + 1 });
    }
  }
  return sections;
}

/** `A="1",B=2`. */
function environmentOf(text: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [, name, quoted, bare] of text.matchAll(/\b([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|([^,\s]*))/g)) {
    env[name] = quoted ?? bare;
  }
  return env;
}
