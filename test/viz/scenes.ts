import type { Page } from 'playwright-core';
import { drawn, press } from './visitor.ts';

/** Everything that the page can look like, and how to come there from a fresh page. */
export const SCENES: readonly { readonly name: string; go(page: Page): Promise<void> }[] = [
  { name: 'blocks', go: (page) => later(page, '1') },
  { name: 'requests', go: (page) => later(page, 'r') },
  { name: 'gpus', go: openGpus },
  { name: 'compare', go: compare },
  { name: 'table', go: (page) => later(page, 't') },
  { name: 'embed', go: embed },
  { name: 'editor', go: (page) => press(page, 'e') },
  { name: 'share', go: share },
  { name: 'palette', go: find },
  { name: 'help', go: (page) => press(page, '?') },
];

/** Some 70 steps on, where there is something to see. */
async function later(page: Page, ...keys: string[]): Promise<void> {
  await press(page, ...Array<string>(7).fill('Shift+ArrowRight'), ...keys);
}

async function openGpus(page: Page): Promise<void> {
  await later(page, 'g');
  await page.locator('.strip-row button').first().click();
  await drawn(page);
}

async function compare(page: Page): Promise<void> {
  await later(page, 'c');
  await page.locator('.compare-bar .button').first().click();
  await page.fill('[id="field-engine.max-num-seqs"]', '4');
  await page.locator('#editor button[type=submit]').click();
  await page.waitForSelector('.first-difference');
  await press(page, 'f');
}

async function share(page: Page): Promise<void> {
  await later(page);
  await page.locator('#share').click();
  await page.waitForSelector('.saves li');
}

async function find(page: Page): Promise<void> {
  await press(page, '/');
  await page.keyboard.type('event:');
}

async function embed(page: Page): Promise<void> {
  await page.goto(page.url().replace(/#.*$/, '').concat('?embedded#/embed'));
  await page.waitForFunction(() =>
    document.getElementById('scenario-name')?.textContent?.startsWith('hello ·'),
  );
  await later(page);
}
