import { rmSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { preview } from 'vite';
import { buildSite, ROOT, sharedSite } from './built-site.ts';
import { CHROMIUM_ARGS, findChromium } from './chromium.ts';

/** The built page, served on this machine, in a real browser. */
export interface Site {
  readonly folder: string;
  readonly url: string;
  /** A fresh visitor; `complaints` collects what must not happen. */
  visit(options?: BrowserContextOptions): Promise<Visit>;
  /**
   * The same for a third of the cost, without the service worker: the page of the last revisit with these options,
   * emptied of what was kept. That visit is over.
   */
  revisit(options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  /** Console errors (refusals of the content security policy are such), exceptions, requests to elsewhere. */
  readonly complaints: string[];
}

const VIEWPORT = { width: 1280, height: 800 };

/** What must not happen on the page, from now on. */
function complaintsOf(page: Page, url: string): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const isLocal = ['data:', 'blob:'].includes(new URL(request.url()).protocol);
    if (!isLocal && !request.url().startsWith(url)) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}

/** As if nobody had been here: nothing kept, a blank page, the pointer in the corner. */
async function forget(page: Page, viewport: { width: number; height: number }): Promise<void> {
  await page.evaluate(() => {
    localStorage.clear();
    sessionStorage.clear();
  });
  await page.goto('about:blank');
  await page.setViewportSize(viewport);
  await page.emulateMedia({ media: null });
  await page.mouse.move(0, 0);
}

export async function openSite(): Promise<Site> {
  const executablePath = findChromium();
  const shared = sharedSite();
  const folder = shared ?? (await buildSite());
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const url = server.resolvedUrls!.local[0];
  const browser: Browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  const visits = new Map<string, Visit>();
  const visit = async (options: BrowserContextOptions = {}): Promise<Visit> => {
    const context = await browser.newContext({ viewport: VIEWPORT, ...options });
    const page = await context.newPage();
    return { page, complaints: complaintsOf(page, url) };
  };
  return {
    folder,
    url,
    visit,
    async revisit(options = {}) {
      const key = JSON.stringify(options);
      const before = visits.get(key);
      if (before === undefined) {
        const visited = await visit({ ...options, serviceWorkers: 'block' });
        visits.set(key, visited);
        return visited;
      }
      const { page, complaints } = before;
      await forget(page, options.viewport ?? VIEWPORT);
      complaints.length = 0;
      return before;
    },
    async close() {
      await browser.close();
      await server.close();
      if (shared === null) rmSync(folder, { recursive: true, force: true });
    },
  };
}
