import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { CHROMIUM_ARGS, findChromium } from './chromium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The built page, served on this machine, in a real browser. */
export interface Site {
  readonly folder: string;
  readonly url: string;
  /** A fresh visitor; `complaints` collects what must not happen. */
  visit(options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  /** Console errors (refusals of the content security policy are such), exceptions, requests to elsewhere. */
  readonly complaints: string[];
}

export async function openSite(): Promise<Site> {
  const executablePath = findChromium();
  const folder = mkdtempSync(join(tmpdir(), 'poolscope-web-'));
  await build({ root: ROOT, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const url = server.resolvedUrls!.local[0];
  const browser: Browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  return {
    folder,
    url,
    async visit(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        const isLocal = ['data:', 'blob:'].includes(new URL(request.url()).protocol);
        if (!isLocal && !request.url().startsWith(url)) complaints.push(`request to ${request.url()}`);
      });
      return { page, complaints };
    },
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
