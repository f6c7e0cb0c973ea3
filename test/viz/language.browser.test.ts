import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { SCENES } from './scenes.ts';
import { useSite } from './use-site.ts';
import { drawn, press, shows } from './visitor.ts';

/** Names, flags, units and what the engine says: the same in every language. */
const UNTRANSLATED = [
  'code, kbd, textarea, input, .trust, #reasons, small, .scenario, .results th[scope=row], .pane-title, .life',
  '.first-difference li, #editor select, .field label, .knob span, .request .id, .brand, #language, .figure-value .link, .verdict',
].join(', ');
const NAMES =
  /\b(vLLM|Poolscope|GPUs?|CPU|KV|CUDA|NCCL|PyTorch|GiB|MiB|MB|kB|ms|PNG|SVG|GIF|CSV|JSON|CI|Chrome|Tab|Shift|Home|End|English|Ctrl|Enter|async|max_num_seqs|allocator|ui\.perfetto\.dev|Perfetto|docs\/embed\.md|vllm serve|compose|Kubernetes|poolrec|pool\.yaml|hello|req:r\d+|block:\d+|ref>\d+|step:\d+|event:\w+|field-[\w.-]+)\b|--[\w-]+/g;

const { site, open } = await useSite();

/** Texts, labels and titles that can be read or heard, with a word of Latin letters that is no name. */
async function leftInEnglish(page: Page): Promise<string[]> {
  const texts = await page.evaluate((untranslated) => {
    const found: string[] = [];
    for (const element of document.body.querySelectorAll('*')) {
      if (!element.checkVisibility() || element.closest(untranslated) !== null) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext']) {
        const value = element.getAttribute(name);
        if (value !== null) found.push(value);
      }
      for (const node of element.childNodes)
        if (node.nodeType === Node.TEXT_NODE) found.push(node.nodeValue ?? '');
    }
    return found;
  }, UNTRANSLATED);
  return texts.filter((text) => /[A-Za-z]{3,}/.test(text.replace(NAMES, '')));
}

describe('中文', () => {
  test.each(SCENES)('$name: no English is left', async ({ go }) => {
    const { page, complaints } = await open({ locale: 'zh-CN' });
    expect(await page.getAttribute('html', 'lang')).toBe('zh-Hans');
    await go(page);
    expect(await leftInEnglish(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('a switch of the header changes everything at once, keeps the view, and is remembered', async () => {
    const { page } = await open();
    await press(page, 'Shift+ArrowRight', 'r');
    expect(await page.textContent('#set-up')).toBe('Set up');
    await page.click('#language');
    await page.waitForFunction(() => document.getElementById('set-up')?.textContent === '设置');
    await drawn(page);
    expect(await leftInEnglish(page)).toEqual([]);
    expect(await page.textContent('#sentence')).toContain('个请求计算');
    expect(await page.getAttribute('#timeline', 'aria-valuenow')).toBe('10');
    expect(await page.isVisible('#gantt')).toBe(true);
    await page.reload();
    await shows(page, 'hello');
    expect(await page.textContent('#set-up')).toBe('设置');
    await press(page, 'l');
    await page.waitForFunction(() => document.getElementById('set-up')?.textContent === 'Set up');
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  test('where nothing may be kept, the page works all the same', async () => {
    const { page, complaints } = await site.visit({ reducedMotion: 'reduce', locale: 'zh-CN' });
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
    await page.goto(site.url);
    await shows(page, 'hello');
    await page.click('#language');
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    expect(complaints).toEqual([]);
  });
});
