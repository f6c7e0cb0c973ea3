import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useSite } from './use-site.ts';
import { press } from './visitor.ts';

const EXAMPLE = readFileSync(new URL('../../docs/embed.html', import.meta.url), 'utf8');

const { site, open } = await useSite();

test('the example of the docs steers the page within it, and hears where it is', async () => {
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
  await page.setContent(EXAMPLE.replace('POOLSCOPE', site.url));
  const state = page.locator('output');
  const says = async (text: RegExp) => expect.poll(() => state.textContent()).toMatch(text);
  await says(/^0 of \d+, request, nobody$/);
  await page.click('text=Step 60');
  await says(/^60 of /);
  await page.click('text=By state');
  await page.click('text=Follow r7');
  await says(/^60 of \d+, state, r7$/);
  const inside = page.frameLocator('iframe');
  expect(await inside.locator('.request[aria-pressed="true"] .id').first().textContent()).toBe('r7');
  await page.click('text=Play');
  await says(/^(?!60 )\d+ of /);
  await page.click('text=Pause');
  expect(await inside.locator('#set-up').isVisible()).toBe(false);
  expect(await inside.locator('#playground').isVisible()).toBe(true);
  expect(complaints).toEqual([]);
});

test('a message that is none changes nothing and runs nothing', async () => {
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
  await page.setContent(EXAMPLE.replace('POOLSCOPE', site.url));
  await expect.poll(() => page.locator('output').textContent()).toMatch(/^0 of/);
  await page.evaluate(() => {
    const pool = document.querySelector('iframe')?.contentWindow;
    for (const message of [
      { poolscope: 1, type: 'seek', step: 'alert(1)' },
      { poolscope: 1, type: 'mode', mode: '<img src=x onerror=alert(1)>' },
      { poolscope: 1, type: 'request', request: '__proto__' },
      { poolscope: 1, type: 'eval', code: 'alert(1)' },
      { poolscope: 1, type: 'seek', step: 3 },
    ])
      pool?.postMessage(message, '*');
  });
  await expect.poll(() => page.locator('output').textContent()).toMatch(/^3 of \d+, request, nobody$/);
  expect(complaints).toEqual([]);
});

test('Share has the code to copy, of the size that is asked for; it shows the same view', async () => {
  const { page } = await open();
  await press(page, 'Shift+ArrowRight', '2');
  await page.click('#share');
  await page.getByLabel('Width').fill('500');
  const code = await page.getByLabel('Code to copy').inputValue();
  expect(code).toContain(' width="500" height="720"');
  const other = await site.visit({ reducedMotion: 'reduce' });
  await other.page.setContent(`${code}<script>
    addEventListener('message', ({ data }) => document.body.append(' heard ' + data.step + ' ' + data.mode));
  </script>`);
  await expect.poll(() => other.page.textContent('body')).toContain('heard 10 state');
});
