import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command with its options, as completions need them: `verify time` is one. */
interface Known {
  readonly path: string;
  readonly about: string;
  readonly commands: readonly Command[];
  readonly options: readonly Option[];
}

/** The script that completes commands, options, their choices and files, made from the commands that there are. */
export function completionScript(program: Command, shell: Shell): string {
  const known = knownCommands(program, '');
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](known);
}

function knownCommands(command: Command, path: string): Known[] {
  const { commands } = command;
  const help = command.createHelp();
  const own = { path, about: command.description(), commands, options: help.visibleOptions(command) };
  return [own, ...commands.flatMap((each) => knownCommands(each, `${path} ${each.name()}`.trim()))];
}

function wordsOf({ commands, options }: Known): string[] {
  return [
    ...commands.map((command) => command.name()),
    ...options.flatMap(({ long, short }) => [long, short].filter((name) => name !== undefined)),
  ];
}

/** The part that finds the command: words that begin with a dash are options. */
const BASH_PATH = `  local path='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
PATHS
    esac
  done`;

function bashScript(known: readonly Known[]): string {
  const paths = known
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const parent = path.split(' ').slice(0, -1).join(' ');
      return `      '${parent} ${path.split(' ').at(-1)}') path='${path}' ;;`;
    });
  const choices = known.flatMap(({ path, options }) =>
    options.flatMap(({ long, argChoices }) =>
      argChoices === undefined ? [] : [`    '${path} ${long}') words='${argChoices.join(' ')}' ;;`],
    ),
  );
  const words = known.map((each) => `    '${each.path}') words='${wordsOf(each).join(' ')}' ;;`);
  return `# bash completion of poolscope: source <(poolscope completions bash)
_poolscope() {
${BASH_PATH.replace('PATHS', () => paths.join('\n'))}
  local current="\${COMP_WORDS[COMP_CWORD]}" words=''
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$path" in
${words.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _poolscope poolscope
`;
}

function zshScript(known: readonly Known[]): string {
  return `#compdef poolscope
# zsh completion of poolscope: source <(poolscope completions zsh)
autoload -U +X bashcompinit && bashcompinit
${bashScript(known)}`;
}

function fishScript(known: readonly Known[]): string {
  const lines = known.flatMap(({ path, commands, options }) => {
    const words = path.split(' ').filter((word) => word !== '');
    const names = commands.map((command) => command.name()).join(' ');
    const conditions =
      words.length === 0
        ? ['__fish_use_subcommand']
        : [
            ...words.map((word) => `__fish_seen_subcommand_from ${word}`),
            ...(names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`]),
          ];
    const when = `-n '${conditions.join('; and ')}'`;
    return [
      ...commands.map(
        (each) => `complete -c poolscope -f ${when} -a ${each.name()} -d ${fishText(each.description())}`,
      ),
      ...options.map(({ long, short, description, required, argChoices }) => {
        const parts = [
          'complete -c poolscope',
          when,
          ...(long ? [`-l ${long.slice(2)}`] : []),
          ...(short ? [`-s ${short.slice(1)}`] : []),
          ...(required ? ['-r'] : []),
          ...(argChoices ? [`-f -a '${argChoices.join(' ')}'`] : []),
          `-d ${fishText(description)}`,
        ];
        return parts.join(' ');
      }),
    ];
  });
  return `# fish completion of poolscope: poolscope completions fish | source\n${lines.join('\n')}\n`;
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
