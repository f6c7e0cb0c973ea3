import { findServer, parseCommand } from '../../sim/scenario/command.ts';
import { findFlag, longName } from '../../sim/scenario/flags.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { shellText, shellWords } from '../../sim/scenario/shell-words.ts';
import type { Settings } from './evaluator.ts';

const ROOM = 'engine.';

/** The `vllm serve` line of a scenario with some flags set. */
export function serveLine(scenario: Scenario, settings: Settings): string {
  const flags = Object.entries(settings).flatMap(([key, value]) =>
    key.startsWith(ROOM) ? [[key.slice(ROOM.length), value] as const] : [],
  );
  const names = new Set(flags.map(([name]) => name));
  const kept = argumentsOf(scenario, names);
  return shellText(['vllm', 'serve', ...kept, ...flags.flatMap(([name, value]) => wordsOf(name, value))]);
}

/** The model, and the flags that stay as they are. */
function argumentsOf({ command, engine, model, vllm }: Scenario, changed: ReadonlySet<string>): string[] {
  const words = shellWords(command ?? '');
  const server = findServer(words);
  if (command === null || server === null) {
    const entries = Object.entries(engine.honoured).map(
      ([name, value]) => [name.replaceAll('_', '-'), value] as const,
    );
    return [
      model.name,
      ...entries.flatMap(([name, value]) => (changed.has(name) ? [] : wordsOf(name, value))),
    ];
  }
  const rest: string[] = [];
  let hasModel = false;
  for (let i = server.firstArgument; i < words.length; i++) {
    const word = words[i];
    const long = longName(word) ?? /^--([^=]+)/.exec(word)?.[1];
    if (long === undefined) {
      if (hasModel) rest.push(word);
      hasModel = true;
      continue;
    }
    const name = long.replaceAll('_', '-');
    const next = words[i + 1] ?? '--';
    const isAlone = word.includes('=') || findFlag(name, vllm)?.isSwitch || /^-(?!\d)/.test(next);
    const said = words.slice(i, isAlone ? i + 1 : i + 2);
    i += said.length - 1;
    if (name === 'model') hasModel = true;
    else if (!changed.has(name) && !changed.has(name.replace(/^no-/, ''))) rest.push(...said);
  }
  return [parseCommand(command, vllm)?.model ?? model.name, ...rest];
}

function wordsOf(name: string, value: unknown): string[] {
  if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
  return [`--${name}`, typeof value === 'object' ? JSON.stringify(value) : String(value)];
}
