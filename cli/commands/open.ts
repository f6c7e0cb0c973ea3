import type { Command } from 'commander';
import { setOption } from '../arguments.ts';
import { type OpenOptions, open } from '../open.ts';

/** Adds `poolscope open`. */
export function addOpen(program: Command): void {
  program
    .command('open')
    .description(
      'the playground with a scenario in it: prints the link, and opens the browser if there is one',
    )
    .argument('<FILE>', 'a scenario, or a deployment that import takes')
    .option('--page <URL>', 'where the page is (default: it is served from here until Ctrl-C)')
    .option('--no-browser', 'print the link only')
    .addOption(setOption())
    .action(async (file: string, options: OpenOptions) => {
      process.exitCode = await open(file, options);
    });
}
