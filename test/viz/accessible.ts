import axe, { type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { drawn } from './visitor.ts';

/** Names, roles and order are the same in both themes. */
const ALL: Readonly<Record<'light' | 'dark', RunOptions>> = {
  light: {},
  dark: { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } },
};

/** What axe-core has to object to: a line per element. */
export async function objections(page: Page, options: RunOptions = {}): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async (how) => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, how);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
  }, options);
}

/**
 * Asks for what axe-core objects to and for what sticks out of the window, in both themes and all widths, which the
 * page is put through as it is: to come here anew costs more than to look. It begins and ends with the light theme.
 */
export async function expectAccessible(page: Page, widths: readonly number[], what = ''): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    expect(await page.getAttribute('html', 'data-theme')).toBe(theme);
    for (const width of widths) {
      const where = `${what} ${theme}, ${width} pixels`;
      await page.setViewportSize({ width, height: 900 });
      await drawn(page);
      // Colours that are on their way to the other theme's.
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
      expect(await objections(page, ALL[theme]), where).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(width);
    }
    // Also where a dialog keeps the button out of reach.
    await page.evaluate(() => document.getElementById('theme')?.click());
  }
}
