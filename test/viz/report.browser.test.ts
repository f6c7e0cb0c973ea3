import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolscopeIn, ROOT, scratchFolder } from '../cli/cli.ts';
import { CHROMIUM_ARGS, findChromium } from './chromium.ts';
import { drawn } from './visitor.ts';

/* A report is one file: it is opened as a double click opens it. */

const { folder, file } = scratchFolder();
const HELLO = readFileSync(join(ROOT, 'scenarios/hello.pool.yaml'), 'utf8');
const NASTY = `</script><img src=x onerror=alert(1)>'"&<!--results--> $& $1`;
const failing = (name: string) =>
  `${HELLO.replace('name: hello', () => `name: ${JSON.stringify(name)}`)}  vllm:num_preemptions_total: value == 0\n`;

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
});
afterAll(() => browser.close());

async function open(...files: string[]) {
  const { status, stdout, stderr } = poolscopeIn(folder, [
    'run',
    ...files,
    '--reporter',
    'html=report.html',
    '--reporter',
    'junit',
  ]);
  const context = await browser.newContext({ reducedMotion: 'reduce', offline: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  const url = pathToFileURL(join(folder, 'report.html')).href;
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(url);
  return { status, stdout, stderr, page, complaints };
}

test('results, reasons and the block map, from a file, with nothing to load', async () => {
  file('fails.pool.yaml', failing('under pressure'));
  file('invalid.pool.yaml', `${HELLO}worklod: 1\n`);
  const { status, stdout, page, complaints } = await open('fails.pool.yaml', 'invalid.pool.yaml');
  expect(status).toBe(2);
  expect(stdout).toContain('<testsuites');
  const report = page.locator('#report');
  expect(await report.locator('h1').textContent()).toBe('Poolscope: 0 passed, 2 failed');
  const text = await report.textContent();
  expect(text).toContain('expected value == 0, got 10');
  expect(text).toContain('r7 is preempted: r3 needs 1 block more than are free');
  expect(text).toContain('invalid.pool.yaml:28:1: worklod: unknown key (did you mean workload?)');
  expect(await page.locator('#scenario-name').textContent()).toContain('under pressure');
  await report.getByRole('button', { name: 'Show step 44' }).click();
  await page.waitForFunction(
    () => document.querySelector('#timeline')?.getAttribute('aria-valuenow') === '44',
  );
  expect(await page.locator('#sentence').textContent()).toMatch(/r7/);
  const colours = await page.locator('#map').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  expect(colours).toBeGreaterThan(5);
  expect(complaints).toEqual([]);
});

test('names with markup stay text', async () => {
  file('nasty.pool.yaml', failing(NASTY));
  const { status, page, complaints } = await open('nasty.pool.yaml');
  expect(status).toBe(1);
  expect(await page.locator('#report article h2').textContent()).toBe(`failed ${NASTY}`);
  expect(await page.locator('#scenario-name').textContent()).toContain(NASTY);
  expect(await page.locator('img').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('what does not start has its reason, and no map', async () => {
  const command = join(ROOT, 'scenarios/guides/files/003-docker-compose.yml');
  const { status, page, complaints } = await open(command);
  expect(status).toBe(1);
  expect(await page.locator('#report').textContent()).toContain('--async-workers: never existed');
  expect(await page.locator('#report button').count()).toBe(0);
  expect(await page.locator('#main').isVisible()).toBe(false);
  expect(complaints).toEqual([]);
});

test('each engine of several has its map', async () => {
  const { status, page, complaints } = await open(join(ROOT, 'scenarios/replicas/round-robin.pool.yaml'));
  expect(status).toBe(0);
  const buttons = page.locator('#report button');
  expect(await buttons.count()).toBe(4);
  const marks = [];
  for (const i of [0, 3]) {
    await buttons.nth(i).click();
    await drawn(page);
    marks.push(await page.locator('#timeline').getAttribute('aria-valuemax'));
  }
  expect(marks.every((steps) => Number(steps) > 10)).toBe(true);
  expect(complaints).toEqual([]);
});
