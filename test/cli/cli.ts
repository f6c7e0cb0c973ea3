import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/* The built command line, as users run it: `npm test` builds it first. */

export const ROOT = new URL('../../', import.meta.url).pathname;
export const BIN = join(ROOT, 'dist/cli/poolscope.js');
if (!existsSync(BIN)) throw new Error('build the command line first: npm run build:cli');

/** Runs `poolscope ARGS` in a folder, by default the project's own. */
export function poolscopeIn(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '1', GITHUB_STEP_SUMMARY: '', ...env },
  });
  return { status, stdout, stderr };
}

export const poolscope = (...args: string[]) => poolscopeIn(ROOT, args);

/** A folder that is gone after the tests of the file, and a way to put files into it. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'poolscope-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  return { folder, file };
}
