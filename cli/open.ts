import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../sim/error.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { ExitCode } from './exit-code.ts';
import { fragmentOf } from './page-link.ts';
import { servePage } from './page-server.ts';

export interface OpenOptions {
  readonly set?: readonly Override[];
  /** Where the page is; without it, it is served from here. */
  readonly page?: string;
  /** false: print the link only. */
  readonly browser: boolean;
}

const BUILT_PAGE = join(dirname(fileURLToPath(import.meta.url)), '../web');

/** `poolscope open`: the playground with a scenario in it. Returns the exit code. */
export async function open(source: string, { set = [], page, browser }: OpenOptions): Promise<number> {
  const fragment = fragmentOf(source, set);
  if (page !== undefined) {
    show(addressOf(page) + fragment, browser);
    return ExitCode.Ok;
  }
  if (!existsSync(join(BUILT_PAGE, 'index.html'))) {
    const message = 'the page is not built: run `npm run build`, or say where it is with --page URL';
    throw new InputError([{ file: 'open', message }]);
  }
  const { address } = await servePage(BUILT_PAGE);
  show(address + fragment, browser);
  console.log('The page is served from here until Ctrl-C.');
  return ExitCode.Ok;
}

function addressOf(page: string): string {
  const url = URL.canParse(page) ? new URL(page) : null;
  if (url === null || !/^(https?|file):$/.test(url.protocol)) {
    throw new InputError([{ file: '--page', message: `expected the address of the page, got "${page}"` }]);
  }
  url.hash = '';
  return url.href;
}

/** Prints the link, and opens it where somebody sits in front of a browser. */
function show(link: string, browser: boolean): void {
  console.log(link);
  if (!browser || !process.stdout.isTTY || process.env.CI) return;
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  const child = spawn(program, [...args, link], { stdio: 'ignore', detached: true });
  // No browser here: the link is printed.
  child.on('error', () => {});
  child.unref();
}
