import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { useSite } from './use-site.ts';
import { drawn, press, stepOf } from './visitor.ts';

const { open } = await useSite();

/** What the keyboard is at: the id of the element, or what it is called. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.id || element?.getAttribute('aria-label') || element?.textContent || '';
  });
}

/** Tab, until the keyboard is at an element; a person would give up, too. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not come to ${wanted}`);
}

describe('without a pointer', () => {
  test('set up a run, step, find an event, follow a request, compare, share', async () => {
    const { page, complaints } = await open();

    await tabTo(page, 'set-up');
    await press(page, 'Enter');
    expect(await focused(page)).toBe('editor-text');
    await tabTo(page, 'field-engine.max-num-seqs');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('6');
    await press(page, 'Control+Enter');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.figure-value small')].some((unit) => unit.textContent === ' of 6'),
    );
    await drawn(page);

    await press(page, 'ArrowRight', 'ArrowRight', 'Shift+ArrowRight');
    expect(await stepOf(page)).toBe(12);

    await press(page, '/');
    await page.keyboard.type('event:preemption');
    await press(page, 'Enter');
    expect(await page.textContent('#sentence')).toContain('Preempted');

    await tabTo(page, await page.locator('#requests button.request').first().textContent().then(String));
    await press(page, 'Enter');
    expect(await page.locator('.request[aria-pressed="true"]').count()).toBe(1);

    await press(page, 'c');
    await tabTo(page, 'Add a run …');
    await press(page, 'Enter');
    await tabTo(page, 'field-engine.max-num-seqs');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('3');
    await press(page, 'Control+Enter');
    await page.waitForSelector('.first-difference');
    expect(await page.locator('.pane').count()).toBe(2);

    await tabTo(page, 'share');
    await press(page, 'Enter');
    expect(await page.inputValue('#share-dialog input')).toContain('#/play?s=');
    await press(page, 'Escape');
    expect(await focused(page)).toBe('share');
    expect(complaints).toEqual([]);
  });

  test.each([
    ['set-up', 'Escape'],
    ['share', 'Escape'],
    ['find', 'Escape'],
    ['help', 'Enter'],
  ])('a dialog gives the focus back to #%s (%s)', async (opener, leave) => {
    const { page } = await open();
    await page.focus(`#${opener}`);
    await press(page, 'Enter');
    expect(await page.locator('dialog[open]').count()).toBe(1);
    await press(page, leave);
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(await focused(page)).toBe(opener);
  });

  test('every stop of the Tab key can be seen, and they go from the top to the bottom', async () => {
    const { page } = await open();
    const tops: number[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return null;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const panel = element.closest('.panel, header, section')?.getBoundingClientRect();
        const top = (panel?.top ?? 0) + window.scrollY;
        return { name: element.outerHTML.slice(0, 80), outlineStyle, outlineWidth, top };
      });
      if (stop === null) break;
      expect([stop.name, stop.outlineStyle, stop.outlineWidth]).toEqual([stop.name, 'solid', '2px']);
      tops.push(stop.top);
    }
    expect(tops.length).toBeGreaterThan(15);
    // Column by column: the side comes after what it stands beside.
    const ups = tops.filter((top, i) => i > 0 && top < tops[i - 1]).length;
    expect(ups).toBeLessThanOrEqual(1);
  });
});

describe('with a finger', () => {
  test.each([360, 390])(
    'every control is large enough, and those of the bar have two rows: %i pixels',
    async (width) => {
      const { page } = await open({
        viewport: { width, height: 800 },
        hasTouch: true,
        isMobile: true,
      });
      const small = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, select, summary, input')]
          .filter((element) => element.checkVisibility() && !element.classList.contains('link'))
          .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()] as const)
          .filter(([, { width: wide, height }]) => wide < 36 || height < 32)
          .map(([name, box]) => `${name}: ${box.width} × ${box.height}`),
      );
      expect(small).toEqual([]);
      const rows = await page.evaluate(() => {
        const middles = [...document.querySelectorAll('.bar > :not(.scenario)')]
          .map((element) => element.getBoundingClientRect())
          .filter((box) => box.height > 0)
          .map((box) => Math.round((box.top + box.bottom) / 20));
        return new Set(middles).size;
      });
      expect(rows).toBeLessThanOrEqual(2);
      expect((await page.locator('#scenario-name').boundingBox())?.width).toBeGreaterThan(width * 0.9);
      // Nothing of a row of choices is out of sight.
      const clipped = await page.evaluate(() =>
        [...document.querySelectorAll('.segmented')]
          .filter((row) => row.checkVisibility() && row.scrollWidth > row.clientWidth + 1)
          .map(({ id }) => id),
      );
      expect(clipped).toEqual([]);
      await drawn(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    },
  );
});

test('forced colours: what is chosen is told apart, and the map keeps its own colours', async () => {
  const { page, complaints } = await open({ forcedColors: 'active' });
  const colors = (selector: string) =>
    page
      .locator(selector)
      .evaluateAll((elements) => elements.map((element) => getComputedStyle(element).backgroundColor));
  expect(new Set(await colors('#scenes button')).size).toBe(2);
  await press(page, ...Array<string>(6).fill('Shift+ArrowRight'));
  expect(new Set(await colors('#requests li:not([hidden]) .done')).size).toBeGreaterThan(3);
  for (const parts of ['#legend .swatch', '.waste-bar > *', '.strip > div']) {
    const found = await colors(parts);
    expect(new Set(found).size, parts).toBe(found.length);
  }
  expect(complaints).toEqual([]);
});
