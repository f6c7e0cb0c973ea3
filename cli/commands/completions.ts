import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completions.ts';

/** Adds `poolscope completions`. */
export function addCompletions(program: Command): void {
  program
    .command('completions')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}
