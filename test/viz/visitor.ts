import type { Page } from 'playwright-core';
import type { Site, Visit } from './site.ts';

/*
 * What a visitor does on the page, and waits for.
 */

/** The page with the default scenario, paused at its first step. Whoever opened it in the same way before is gone. */
export async function openHello(
  site: Site,
  options: Parameters<Site['visit']>[0] = {},
  fragment = '',
): Promise<Visit> {
  const visit = await site.revisit({ reducedMotion: 'reduce', ...options });
  await visit.page.goto(site.url + fragment);
  await shows(visit.page, 'hello');
  return visit;
}

/** Waits until the run of that name is on the page, and drawn. */
export async function shows(page: Page, name: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.getElementById('scenario-name')?.textContent?.startsWith(`${wanted} ·`),
    name,
  );
  await drawn(page);
}

/** Two frames: one to draw in, one to know that it is over. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null)))),
  );
}

export async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
  await drawn(page);
}

export async function stepOf(page: Page): Promise<number> {
  return Number(await page.locator('#timeline').getAttribute('aria-valuenow'));
}

/** Drops a file somewhere on the page, as a file manager would. */
export async function drop(page: Page, name: string, content: Uint8Array | string): Promise<void> {
  const bytes = Buffer.from(content).toString('base64');
  await page.evaluate(
    ([fileName, base64]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], fileName));
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
      );
    },
    [name, bytes] as const,
  );
}

/** What a canvas shows. */
export function pixels(page: Page, id: 'map' | 'timeline' | 'gantt' = 'map'): Promise<string> {
  return page.evaluate((of) => (document.getElementById(of) as HTMLCanvasElement).toDataURL(), id);
}

/** What the headline says, from the left. */
export function figures(page: Page): Promise<string[]> {
  return page.locator('#headline > :not([hidden]) > .figure-value').allTextContents();
}
