import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, encodeRecording } from '../../sim/recording/codec.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { CHROMIUM_ARGS, findChromium } from './chromium.ts';

/*
 * The same scenario and seed give the same bytes in Node and in Chromium, and the same as in earlier versions of
 * Poolscope. A digest changes only with a change of what is simulated or recorded: say so in the commit.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GOLDEN: Readonly<Record<string, string>> = {
  'hello.pool.yaml': 'c11c8cad12c26092',
  'llama31-8b-on-a100.pool.yaml': 'fdc25c34b05745c0',
  'llama31-70b-on-4xh100.pool.yaml': '9c7bcec8365cbff2',
  'guides/002-glm47-flash-on-4x4090d-runs.pool.yaml': 'eedb395d66139851',
};

let server: ViteDevServer;
let browser: Browser;
beforeAll(async () => {
  server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** As text, so that no tool rewrites its imports: vite serves the engine's own source as JavaScript. */
const IN_BROWSER = `(async (text) => {
  const { parseScenario } = await import('/sim/scenario/parse.ts');
  const { simulateScenario } = await import('/sim/simulate-scenario.ts');
  const { digestOf, encodeRecording } = await import('/sim/recording/codec.ts');
  const { recording } = simulateScenario(parseScenario(text, 'scenario'));
  return { digest: digestOf(recording), file: [...encodeRecording(recording)] };
})`;

function inNode(text: string) {
  const { recording } = simulateScenario(parseScenario(text, 'scenario'));
  if (recording === null) throw new Error('the scenario does not start');
  return { digest: digestOf(recording), file: [...encodeRecording(recording)] };
}

test.each(Object.entries(GOLDEN))('%s', async (name, golden) => {
  const text = readFileSync(`${ROOT}/scenarios/${name}`, 'utf8');
  const node = inNode(text);
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls!.local[0]}test/viz/blank.html`);
  const inBrowser = await page.evaluate<{ digest: string; file: number[] }>(
    `${IN_BROWSER}(${JSON.stringify(text)})`,
  );
  await page.close();
  expect(inBrowser.digest).toBe(node.digest);
  expect(Buffer.from(inBrowser.file).equals(Buffer.from(node.file))).toBe(true);
  expect(node.digest).toBe(golden);
});
