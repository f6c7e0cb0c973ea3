import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where a test finds the page that was built for all of them. */
const BUILT = 'POOLSCOPE_TEST_SITE';

/** Builds the page into a new folder, which is to be removed. */
export async function buildSite(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'poolscope-web-'));
  await build({ root: ROOT, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  return folder;
}

/** The folder of the page that was built for all tests; null outside of them. */
export function sharedSite(): string | null {
  return process.env[BUILT] ?? null;
}

/** Vitest calls it once before all browser tests; what it returns, after them. */
export default async function setUp(): Promise<() => void> {
  const folder = await buildSite();
  process.env[BUILT] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
