import { preview } from 'vite';
import { expect, test } from 'vitest';
import { ROOT } from './built-site.ts';
import { useSite } from './use-site.ts';
import { shows } from './visitor.ts';

const { site } = await useSite();

test('once loaded, the page works without its server', async () => {
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir: site.folder },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const url = server.resolvedUrls!.local[0];
  const { page } = await site.visit({ reducedMotion: 'reduce' });
  const isDrawn = () => document.getElementById('scenario-name')?.textContent?.startsWith('hello ·') === true;
  await page.addInitScript(() => {
    const { serviceWorker } = navigator;
    const register = serviceWorker.register.bind(serviceWorker);
    serviceWorker.register = (...args) => {
      document.body.dataset.keptAt = document.getElementById('scenario-name')?.textContent ?? '';
      return register(...args);
    };
  });
  await page.goto(url);
  await page.waitForFunction(isDrawn);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  // All files of the build at once would hold up the first picture.
  expect(await page.evaluate(() => document.body.dataset.keptAt)).toMatch(/^hello ·/);
  const caches = await page.evaluate(() => window.caches.keys());
  expect(caches).toEqual([expect.stringMatching(/^poolscope-[0-9a-f]{16}$/)]);
  await server.close();
  await expect(fetch(url)).rejects.toThrow();

  await page.reload();
  await page.waitForFunction(isDrawn);
  // A worker and parts that the first run did not need.
  await page.evaluate(() => {
    const data = new DataTransfer();
    const text =
      'version: 1\nname: alone\nvllm: "0.6.3"\ncommand: vllm serve facebook/opt-13b\nhardware: { gpu: a100-40g }\nworkload: { num-prompts: 4, input-len: 20, output-len: 5 }\n';
    data.items.add(new File([text], 'alone.pool.yaml'));
    document.body.dispatchEvent(
      new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
    );
  });
  await page.waitForFunction(() =>
    /^alone ·|would not|cannot/.test(
      `${document.getElementById('scenario-name')?.textContent}${document.getElementById('message')?.textContent}`,
    ),
  );
  expect(await page.locator('#scenario-name').textContent()).toMatch(/^alone · .*vLLM 0\.6\.3/);
});

test('a browser that does not say when it is idle shows the run, and keeps the page', async () => {
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
  await page.addInitScript(() => Reflect.deleteProperty(window, 'requestIdleCallback'));
  await page.goto(site.url);
  await shows(page, 'hello');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  expect(complaints).toEqual([]);
});
