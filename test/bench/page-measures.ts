import type { Page } from 'playwright-core';

/*
 * How the page's speed is measured: from outside, with what a browser offers to everybody, and its heaps with CDP.
 */

/** Drops a scenario on the page, and does not wait for it. */
export async function drop(page: Page, text: string): Promise<void> {
  await page.evaluate((content) => {
    const data = new DataTransfer();
    data.items.add(new File([content], 'bench.pool.yaml'));
    document.body.dispatchEvent(
      new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
    );
  }, text);
}

/**
 * Goes to an address of the page, and waits until an element is drawn whose text begins so. Meanwhile nothing of what
 * measures runs in the page but an observer: what Playwright puts into pages to wait there costs more than some of what
 * is measured.
 * @returns when, milliseconds since the page was asked for.
 */
export async function firstPicture(page: Page, url: string, element: string, text: string): Promise<number> {
  await page.addInitScript(
    ([selector, start]) => {
      document.addEventListener('DOMContentLoaded', () => {
        const observer = new MutationObserver(() => {
          if (!document.querySelector(selector)?.textContent?.startsWith(start)) return;
          observer.disconnect();
          // The page has asked for its frame before; behind it come layout and paint.
          requestAnimationFrame(() => setTimeout(() => console.info('drawn at', performance.now())));
        });
        observer.observe(document.body, { childList: true, subtree: true });
      });
    },
    [element, text] as const,
  );
  const drawn = page.waitForEvent('console', (message) => message.text().startsWith('drawn at'));
  await page.goto(url);
  return Number((await drawn).text().split(' ').at(-1));
}

/** Waits until the run of that name is shown. @returns when, milliseconds since the page began to load. */
export async function shown(page: Page, name: string): Promise<number> {
  const found = await page.waitForFunction(
    (wanted) =>
      document.getElementById('scenario-name')?.textContent?.startsWith(`${wanted} ·`) && performance.now(),
    name,
    { timeout: 60_000 },
  );
  return Number(await found.jsonValue());
}

/** Waits until a simulation is under way. */
export async function simulating(page: Page): Promise<void> {
  await page.waitForFunction(() => /\d %/.test(document.getElementById('scenario-name')?.textContent ?? ''));
}

/** Milliseconds since the page began to load. */
export function clock(page: Page): Promise<number> {
  return page.evaluate(() => performance.now());
}

/** What makes the page draw another step. */
export type Move = 'next' | 'jump';

/**
 * Milliseconds of JavaScript from each input until its picture is drawn: the next step by key, or a jump to anywhere
 * in the run, as a click on the timeline asks for it.
 */
export function drawTimes(page: Page, move: Move, count: number): Promise<number[]> {
  return page.evaluate(
    async ([kind, moves]) => {
      const timeline = document.getElementById('timeline') as HTMLElement;
      // There is no pointer that could be captured.
      timeline.setPointerCapture = () => {};
      const { left, top, width } = timeline.getBoundingClientRect();
      let random = 1;
      const input = () => {
        if (kind === 'next') {
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
          return;
        }
        random = (random * 16_807) % 2_147_483_647;
        const clientX = left + (random / 2_147_483_647) * width;
        timeline.dispatchEvent(new PointerEvent('pointerdown', { clientX, clientY: top + 20 }));
      };
      const times: number[] = [];
      const plain = window.requestAnimationFrame;
      for (let i = 0; i < moves; i++) {
        let spent = 0;
        const timed = (act: () => void) => {
          const start = performance.now();
          act();
          spent += performance.now() - start;
        };
        window.requestAnimationFrame = (draw) => plain((time) => timed(() => draw(time)));
        timed(input);
        window.requestAnimationFrame = plain;
        await new Promise((done) => plain(() => plain(done)));
        times.push(spent);
      }
      return times;
    },
    [move, count] as const,
  );
}

interface Watching {
  longTasks?: number[];
}

/** Notes from now on how long those tasks took that kept the page from answering for more than 50 ms. */
export function watchTasks(page: Page): Promise<void> {
  return page.evaluate(() => {
    const watching = window as Watching;
    if (watching.longTasks === undefined) {
      new PerformanceObserver((list) => {
        watching.longTasks?.push(...list.getEntries().map(({ duration }) => duration));
      }).observe({ type: 'longtask' });
    }
    watching.longTasks = [];
  });
}

/** The longest task since watchTasks(), milliseconds; 0: none above 50. */
export function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, ...((window as Watching).longTasks ?? [])));
}

/** Megabytes of JavaScript in use in the page, array buffers included. */
export async function heapMegabytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const usage = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return (usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize) / 1e6;
}
