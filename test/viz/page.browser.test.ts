import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import { hello } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, figures, press, stepOf } from './visitor.ts';

const { open } = await useSite();

/** How many different colours are on the map; 1 = it is empty. */
function numColors(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.getElementById('map') as HTMLCanvasElement;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

/** Parts of the page that lie over others, and panels that what they hold sticks out of. */
function overlaps(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.bar, .headline, .panel')].map((part) => ({
      name: part.className,
      box: part.getBoundingClientRect(),
      inside: [...part.children].map((child) => child.getBoundingClientRect().bottom),
    }));
    const found: string[] = [];
    for (const [i, { name, box, inside }] of boxes.entries()) {
      if (box.height === 0) continue;
      if (Math.max(...inside) > box.bottom + 1) found.push(`out of ${name}`);
      for (const other of boxes.slice(i + 1)) {
        const isBeside = box.right <= other.box.left + 1 || other.box.right <= box.left + 1;
        const isAbove = box.bottom <= other.box.top + 1 || other.box.bottom <= box.top + 1;
        if (!isBeside && !isAbove && other.box.height > 0) found.push(`${name} over ${other.name}`);
      }
    }
    return found;
  });
}

describe('loading', () => {
  test('plays at once, without complaints and without asking anybody else', async () => {
    const { page, complaints } = await open({ reducedMotion: 'no-preference' });
    await page.waitForFunction(() => Number(document.getElementById('timeline')?.ariaValueNow) > 2);
    expect(await numColors(page)).toBeGreaterThan(5);
    expect(complaints).toEqual([]);
  });

  test('stays at the first step for those who prefer less motion', async () => {
    const { page } = await open();
    await page.waitForTimeout(300);
    expect(await stepOf(page)).toBe(0);
  });

  test('refuses scripts that are not its own', async () => {
    const { page, complaints } = await open();
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.body.append(script);
    });
    expect(await page.title()).toBe('Poolscope');
    expect(complaints.join()).toContain('Content Security Policy');
  });

  test('fits into windows of all widths, and nothing lies over anything else', async () => {
    const { page } = await open();
    for (const width of [360, 390, 768, 1024, 1180, 1440, 1920]) {
      await page.setViewportSize({ width, height: 768 });
      for (const scene of ['r', 'g', 'c', 't', 'b']) {
        await press(page, scene);
        expect(await overlaps(page), `${scene} at ${width} pixels`).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
      expect(await numColors(page)).toBeGreaterThan(2);
    }
  });
});

describe('the numbers are those of the recording', () => {
  test.each([0, 57, hello.numSteps - 1])('at step %i', async (step) => {
    const { page } = await open();
    const slider = page.locator('#timeline');
    await slider.focus();
    for (let at = 0; at + 10 <= step; at += 10) await page.keyboard.press('Shift+ArrowRight');
    for (let at = 0; at < step % 10; at++) await page.keyboard.press('ArrowRight');
    await drawn(page);
    expect(await stepOf(page)).toBe(step);

    const usable = hello.header.pool.numGpuBlocks - 1;
    const used = usable - hello.steps.numFreeBlocks[step];
    const [, use, running, waiting] = await figures(page);
    expect(use).toBe(`${((used / usable) * 100).toFixed(0)} % ${used} of ${usable}`);
    expect(running).toBe(`${hello.steps.numRunning[step]} of ${hello.header.scheduler.maxNumSeqs}`);
    expect(waiting).toBe(`${hello.steps.numWaiting[step]}`);
  });

  test('at the end: all preemptions, and the hit rate that vLLM would report', async () => {
    const { page } = await open();
    await press(page, 'End');
    const { prefixCacheHits, prefixCacheQueries } = hello.header;
    const [, , , , preempted, hits] = await figures(page);
    expect(preempted).toBe(`${hello.requests.numPreemptions.reduce((sum, n) => sum + n, 0)}`);
    expect(hits).toBe(`${((prefixCacheHits / prefixCacheQueries) * 100).toFixed(1)} % of tokens`);
  });

  test('at the end: what is free is told apart by what the prefix cache still knows', async () => {
    const { page } = await open();
    await press(page, 'End');
    const cursor = new Cursor(hello);
    cursor.seek(hello.numSteps);
    const usable = cursor.numBlocks - 1;
    const cached = Array.from(cursor.chain).filter((chain) => chain !== 0).length;
    expect(cached).toBeGreaterThan(0);
    const shares = await page.locator('#headline .waste b').allTextContents();
    const percent = (blocks: number) => `${((blocks / usable) * 100).toFixed(1)} %`;
    expect(shares).toEqual(['0.0 %', '0.0 %', '0.0 %', percent(cached), percent(usable - cached)]);
  });
});
