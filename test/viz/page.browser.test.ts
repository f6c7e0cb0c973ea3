import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timesTheMean } from '../../sim/moe/expert-map.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../sim/recording/codec.ts';
import { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { diffRecordings } from '../../sim/report/diff.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { toFragment } from '../../sim/share/fragment.ts';
import { type ScenarioHooks, simulateScenario } from '../../sim/simulate-scenario.ts';
import { ORDER_MODES } from '../../viz/block-order.ts';
import { openSite, type Site } from './site.ts';
import { drawn, drop, openHello, press, shows, stepOf } from './visitor.ts';

const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

function record(text: string, hooks: ScenarioHooks = {}): Recording {
  const { recording } = simulateScenario(parseScenario(text, 'test.pool.yaml'), hooks);
  if (recording === null) throw new Error('the scenario does not start');
  return recording;
}

/** The default scenario with a pool of another size. */
function withBlocks(numBlocks: number): string {
  return HELLO.replace(/(--num-gpu-blocks-override) \d+/, `$1 ${numBlocks}`);
}

const hello = record(HELLO);
let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const open = (options: Parameters<Site['visit']>[0] = {}) => openHello(site, options);

function pixels(page: Page, id: 'map' | 'timeline' | 'gantt' = 'map'): Promise<string> {
  return page.evaluate((of) => (document.getElementById(of) as HTMLCanvasElement).toDataURL(), id);
}

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

async function figures(page: Page): Promise<string[]> {
  return page.locator('#headline > :not([hidden]) > .figure-value').allTextContents();
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

describe('moving in time', () => {
  test('by keyboard', async () => {
    const { page } = await open();
    await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft');
    expect(await stepOf(page)).toBe(2);
    await press(page, 'Shift+ArrowRight');
    expect(await stepOf(page)).toBe(12);
    await press(page, 'End');
    expect(await stepOf(page)).toBe(hello.numSteps);
    await press(page, 'Home');
    expect(await stepOf(page)).toBe(0);
    await press(page, 'Space');
    await page.waitForFunction(() => Number(document.getElementById('timeline')?.ariaValueNow) > 1);
    await press(page, 'Space');
    const paused = await stepOf(page);
    await page.waitForTimeout(300);
    expect(await stepOf(page)).toBe(paused);
  });

  test('by dragging along the timeline', async () => {
    const { page } = await open();
    const before = await figures(page);
    const box = (await page.locator('#timeline').boundingBox())!;
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.up();
    await drawn(page);
    expect(Math.abs((await stepOf(page)) - hello.numSteps / 2)).toBeLessThanOrEqual(1);
    expect(await figures(page)).not.toEqual(before);
  });

  test('with Shift, a drag chooses the steps that the charts show, and they follow the cursor', async () => {
    const { page, complaints } = await open();
    const whole = await pixels(page, 'timeline');
    const box = (await page.locator('#timeline').boundingBox())!;
    const at = (share: number) => [box.x + share * box.width, box.y + 40] as const;
    await page.keyboard.down('Shift');
    await page.mouse.move(...at(0.25));
    await page.mouse.down();
    await page.mouse.move(...at(0.5));
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await drawn(page);
    expect(await pixels(page, 'timeline')).not.toBe(whole);
    expect(await page.locator('#overview').isVisible()).toBe(true);
    // The left end is where the drag began, and the cursor went there.
    expect(Math.abs((await stepOf(page)) - hello.numSteps / 4)).toBeLessThanOrEqual(1);
    await page.mouse.click(...at(0.999));
    await drawn(page);
    expect(Math.abs((await stepOf(page)) - hello.numSteps / 2)).toBeLessThanOrEqual(1);
    await page.locator('#timeline').focus();
    await press(page, 'Home', 'z', 'Z', 'Z', 'Z');
    expect(await page.locator('#overview').isVisible()).toBe(false);
    expect(await pixels(page, 'timeline')).toBe(whole);
    expect(complaints).toEqual([]);
  });

  test.each(['1', '2', '3'])(
    'jumping, playing on and stepping back give the same pixels in mode %s',
    async (mode) => {
      const { page } = await open();
      await press(page, mode, ...Array<string>(6).fill('Shift+ArrowRight'));
      const played = [await pixels(page), await pixels(page, 'timeline')];
      await press(page, ...Array<string>(25).fill('ArrowRight'));
      expect(await pixels(page)).not.toBe(played[0]);
      await press(page, ...Array<string>(25).fill('ArrowLeft'));
      expect([await pixels(page), await pixels(page, 'timeline')]).toEqual(played);
      await press(page, 'End', 'Home', ...Array<string>(60).fill('ArrowRight'));
      expect([await pixels(page), await pixels(page, 'timeline')]).toEqual(played);
    },
  );
});

describe('the block map', () => {
  test('tells about the block under the pointer', async () => {
    const { page } = await open();
    const box = (await page.locator('#map').boundingBox())!;
    await press(page, ...Array<string>(5).fill('Shift+ArrowRight'));
    await page.mouse.move(box.x + 5, box.y + 5);
    await drawn(page);
    expect(await page.locator('#details-title').textContent()).toBe('Block 0');
    expect(await page.locator('#details').textContent()).toContain('null block');
  });

  test('is walked through with the arrow keys, and says where one is', async () => {
    const { page } = await open();
    await page.locator('#map').focus();
    await press(page, 'ArrowRight', 'ArrowRight');
    expect(await page.locator('#details-title').textContent()).toBe('Block 1');
    expect(await page.locator('#details').textContent()).toContain('owner');
    const lines = await page.locator('.life li').allTextContents();
    expect(lines[0]).toMatch(/^step \d+ taken by r0$/);
    expect(await stepOf(page)).toBe(0);
    expect(await page.locator('#live').textContent()).toBe('Block 1, held by r0');
  });

  test('lets the blocks of a request stand out', async () => {
    const { page } = await open();
    await press(page, ...Array<string>(5).fill('Shift+ArrowRight'));
    const before = await pixels(page);
    const row = page.locator('#requests button.request:visible').first();
    await row.click();
    await drawn(page);
    expect(await row.getAttribute('aria-pressed')).toBe('true');
    expect(await pixels(page)).not.toBe(before);
    await row.click();
    await page.mouse.move(0, 0);
    await drawn(page);
    expect(await pixels(page)).toBe(before);
  });

  test.each(['light', 'dark'] as const)(
    'gives requests that run together different colours: %s',
    async (scheme) => {
      const { page } = await open({ colorScheme: scheme });
      await press(page, ...Array<string>(10).fill('Shift+ArrowRight'));
      const colors = await page
        .locator('#requests ol')
        .first()
        .locator('li:visible .swatch')
        .evaluateAll((swatches) => swatches.map((swatch) => getComputedStyle(swatch).backgroundColor));
      expect(colors.length).toBeGreaterThan(3);
      expect(new Set(colors).size).toBe(colors.length);
    },
  );

  test('says how many blocks a cell stands for, and goes closer until each has its own', async () => {
    const { page, complaints } = await open({ viewport: { width: 390, height: 800 } });
    // A small model, so that a million blocks fit into a GPU.
    const large = withBlocks(1_000_000)
      .replace('name: hello', 'name: large')
      .replace('meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-0.5B-Instruct --kv-cache-dtype fp8')
      .replace('gpu: l4', 'gpu: b200');
    await drop(page, 'large.pool.yaml', large);
    await shows(page, 'large');
    expect(await page.locator('#legend').textContent()).toMatch(/1 cell = \d+ blocks/);
    await page.locator('#requests button.request:visible').first().click();
    await press(page, 'ArrowRight');
    // Painted where it changed, step by step …
    for (let i = 0; i < 20; i++) await press(page, 'ArrowRight');
    const there = await pixels(page);
    // … and all at once, after a jump.
    await press(page, 'End');
    await press(page, 'Home', 'Shift+ArrowRight', 'Shift+ArrowRight', 'ArrowRight');
    expect(await pixels(page)).toBe(there);

    // Closer, until a cell is a block; the marked one stays in sight.
    const overview = page.locator('.overview');
    expect(await overview.isVisible()).toBe(false);
    await page.mouse.move(0, 0);
    await page.locator('#map').focus();
    await press(page, 'Escape', 'ArrowRight', ...Array<string>(9).fill('+'));
    expect(await overview.isVisible()).toBe(true);
    expect(await page.locator('#legend').textContent()).not.toContain('1 cell');
    const box = (await page.locator('#map').boundingBox())!;
    await page.mouse.click(box.x + 10, box.y + 10);
    expect(await page.locator('#details-title').textContent()).toBe('Block 0');
    const near = await pixels(page);
    await page.mouse.move(box.x + 200, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 100, box.y + 100, { steps: 4 });
    await page.mouse.up();
    await drawn(page);
    expect(await pixels(page)).not.toBe(near);
    await page.mouse.move(box.x + 10, box.y + 10);
    await drawn(page);
    expect(await page.locator('#details-title').textContent()).toMatch(/^Block [1-9]$/);
    // The overview goes anywhere, and the wheel back out.
    await overview.click({ position: { x: 120, y: 80 } });
    await page.mouse.move(box.x + 10, box.y + 10);
    await drawn(page);
    expect(await page.locator('#details-title').textContent()).toMatch(/^Block \d{3},\d{3}$/);
    await page.keyboard.down('Control');
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, 60);
    await page.keyboard.up('Control');
    await overview.waitFor({ state: 'hidden' });
    expect(await page.locator('#legend').textContent()).toMatch(/1 cell = \d+ blocks/);
    expect(complaints).toEqual([]);
  });
});

test('says how far its times are off, and shows where the time of the steps goes', async () => {
  const { page, complaints } = await open();
  const trust = page.locator('#headline button.link');
  expect(await trust.textContent()).toMatch(/^±\d+( to \d+)? %$/);
  expect(await trust.getAttribute('title')).toContain('Datasheet: generic. Not measured: matrix products');
  await trust.focus();
  await press(page, 'Enter');
  expect(await page.locator('#step-times').getAttribute('open')).not.toBeNull();
  expect(await page.locator('#step-time-trust').textContent()).toContain('stages of load tests');
  expect(await page.locator('#step-time-legend').textContent()).toMatch(/matrix products\s+5\d\.\d ms/);
  // Every column is known in the end, and matrix products take most of each.
  await page.waitForFunction(() => {
    const canvas = document.getElementById('step-time-chart') as HTMLCanvasElement;
    const pixels = canvas.getContext('2d')?.getImageData(0, canvas.height - 1, canvas.width, 1).data ?? [];
    const asTheFirst = (x: number) => pixels[4 * x] === pixels[0] && pixels[4 * x + 2] === pixels[2];
    return [...Array(canvas.width).keys()].every(asTheFirst);
  });
  expect(complaints).toEqual([]);
});

test('tells why a step decided as it did, once somebody asks', async () => {
  const { page, complaints } = await open();
  await press(page, ...Array(9).fill('Shift+ArrowRight'), ...Array(3).fill('ArrowRight'));
  expect(await page.locator('#reasons li').count()).toBe(0);
  await page.locator('#why summary').focus();
  await press(page, 'Space');
  const reasons = await page.locator('#reasons li').allTextContents();
  expect(reasons.join(' ')).toContain(
    'r18 is admitted from the head of the queue: 64 tokens came from the prefix cache',
  );
  expect(reasons.join(' ')).toContain('KVCacheManager.allocate_slots');
  // Space on the summary is its own: the run did not start to play.
  expect(await stepOf(page)).toBe(93);
  expect(complaints).toEqual([]);
});

describe('files', () => {
  test('a recording opens', async () => {
    const { page, complaints } = await open();
    const recording = record(HELLO.replace('name: hello', 'name: recorded').replace('seed: 5', 'seed: 6'));
    await drop(page, 'recorded.poolrec', encodeRecording(recording));
    await shows(page, 'recorded');
    await press(page, 'End');
    expect(await stepOf(page)).toBe(recording.numSteps);
    expect(complaints).toEqual([]);
  });

  test('a recording opens by the button too', async () => {
    const { page } = await open();
    const recording = record(HELLO.replace('name: hello', 'name: chosen'));
    await page.locator('#file').setInputFiles({
      name: 'chosen.poolrec',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(encodeRecording(recording)),
    });
    await shows(page, 'chosen');
  });

  test('what is no recording is refused, and the page goes on', async () => {
    const { page, complaints } = await open();
    const message = page.locator('#message');
    const whole = encodeRecording(hello);
    for (const [name, content, words] of [
      ['noise.poolrec', 'this is no recording', 'not a Poolscope recording'],
      ['cut.poolrec', whole.subarray(0, whole.length - 100), 'cut off'],
    ] as const) {
      await drop(page, name, content);
      await message.waitFor({ state: 'visible' });
      expect(await message.textContent()).toContain(name);
      expect(await message.textContent()).toContain(words);
      await press(page, 'Escape');
      expect(await message.isVisible()).toBe(false);
    }
    await press(page, 'ArrowRight');
    expect(await stepOf(page)).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('a recording that cannot be is refused in words; the run before it stays', async () => {
    const { page, complaints } = await open();
    const message = page.locator('#message');
    const forged = [
      { timing: { model: {}, gpu: {}, options: {} } },
      { replica: '<img src=x onerror=alert(1)>' },
      { pool: { numGpuBlocks: 0x7fffffff, groups: [{ blockSize: 1 }] } },
    ];
    for (const parts of forged) {
      const header = { ...hello.header, ...parts, name: 'forged' } as unknown as Recording['header'];
      await drop(page, 'forged.poolrec', encodeRecording({ ...hello, header }));
      await message.waitFor({ state: 'visible' });
      expect(await message.textContent()).toContain('forged.poolrec is a recording, but');
      await press(page, 'Escape', 'r', 'g', 't', 'b', 'ArrowRight');
      expect(await page.textContent('#scenario-name')).toMatch(/^hello ·/);
      expect(await stepOf(page)).toBe(1);
    }
    expect(complaints).toEqual([]);
  });

  test('a pasted scenario runs', async () => {
    const { page } = await open();
    await page.evaluate(
      (text) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', text);
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
      },
      HELLO.replace('name: hello', 'name: pasted'),
    );
    await shows(page, 'pasted');
  });

  test('a scenario with mistakes is told where they are', async () => {
    const { page } = await open();
    await drop(page, 'typo.pool.yaml', HELLO.replace('workload:', 'worklaod:'));
    const message = page.locator('#message');
    await message.waitFor({ state: 'visible' });
    expect(await message.textContent()).toMatch(/typo\.pool\.yaml:\d+:\d+: .*worklaod/);
  });

  test('names in a file are text, never markup', async () => {
    const { page, complaints } = await open();
    const name = '<img src=x onerror=alert(1)><b>bold</b>';
    const recording: Recording = {
      ...hello,
      header: { ...hello.header, name },
      requestIds: hello.requestIds.map((_, i) => `<i id=x${i}>r</i>`),
    };
    await drop(page, 'evil.poolrec', encodeRecording(recording));
    await shows(page, name);
    await press(page, ...Array<string>(8).fill('Shift+ArrowRight'));
    const box = (await page.locator('#map').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await drawn(page);
    expect(await page.locator('img, #scenario-name b, [id^=x]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

describe('V0', () => {
  const SWAPPING = HELLO.replace('vllm: "2026-05"', 'vllm: "0.6.3"')
    .replace('name: hello', 'name: swapping')
    .replace(
      '--max-num-batched-tokens 256',
      '--max-num-batched-tokens 512 --swap-space 0.1 --preemption-mode swap',
    )
    .replace(/ {2}abort:.*\n/, '');

  test('the CPU’s blocks lie beside the GPU’s, and who is swapped out is listed and explained', async () => {
    const recording = record(SWAPPING);
    const cursor = new Cursor(recording);
    let step = 0;
    for (cursor.seek(0); cursor.numSwapped === 0; ) cursor.seek(++step);
    const [swapped] = cursor.swapped();
    const { page } = await open();
    await drop(page, 'swapping.pool.yaml', SWAPPING);
    await shows(page, 'swapping');
    for (let i = 0; i < step; i++) await page.keyboard.press('ArrowRight');
    await drawn(page);
    const list = page.locator('#requests');
    await expect.poll(() => list.textContent()).toContain('Swapped out (1)');
    expect(await list.textContent()).toContain(
      `${recording.requestIds[swapped]}${cursor.numComputedTokens(swapped)} on CPU`,
    );
    expect((await figures(page)).join(' ')).toMatch(/1 · \d+ CPU blocks/);
    await page.locator('#why summary').click();
    await drawn(page);
    expect(await page.locator('#reasons').textContent()).toContain('Scheduler._preempt_by_swap');
  });
});

describe('experts', () => {
  const CACHED = readFileSync(
    new URL('../../scenarios/moe/glm-4.7-flash-expert-cache.pool.yaml', import.meta.url),
    'utf8',
  );

  test.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)('a heat map of layers and experts, %i pixels wide, %s', async (width, colorScheme) => {
    const { page, complaints } = await open({ viewport: { width, height: 800 }, colorScheme });
    const panel = page.locator('#experts');
    await press(page, 'g');
    expect(await panel.isVisible()).toBe(false);
    await drop(page, 'cached.pool.yaml', CACHED);
    await shows(page, 'GLM-4.7-Flash on one GPU, expert cache');
    await press(page, 'g');
    await drawn(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await page.locator('#expert-facts').textContent()).toMatch(
      /Experts in host memory: 16 slots in each layer, lru, \d+\.\d % hits.*this is an experiment/,
    );
    const { experts } = record(CACHED).header;
    const map = page.locator('#expert-map');
    expect(await map.getAttribute('aria-label')).toContain('64 experts in 46 layers');
    await map.focus();
    await press(page, 'ArrowDown', 'ArrowDown', 'ArrowRight');
    const readout = page.locator('#expert-readout');
    const told = (stretch: number | null) => {
      const times = timesTheMean(experts!, 1, 1, stretch).toFixed(2);
      const { stepsPerStretch } = experts!.history!;
      const time =
        stretch === null
          ? ''
          : `Steps ${stretch * stepsPerStretch} to ${(stretch + 1) * stepsPerStretch - 1}: `;
      return `${time}Layer 1, expert 1: ${times} × the mean`;
    };
    expect(await readout.textContent()).toBe(told(0));
    expect(await page.locator('#live').textContent()).toBe(told(0));
    expect(await stepOf(page)).toBe(0);
    await page.locator('#expert-span').getByRole('radio', { name: 'Whole run' }).click();
    expect(await readout.textContent()).toBe(told(null));
    // The map follows the cursor.
    await page.locator('#expert-span').getByRole('radio', { name: 'At this time' }).click();
    await page.locator('#timeline').focus();
    await press(page, 'End');
    await drawn(page);
    expect(await readout.textContent()).toBe(told(experts!.history!.load.length - 1));
    await press(page, 'Home');
    const { width: mapWidth } = (await map.boundingBox())!;
    await map.hover({ position: { x: mapWidth - 2, y: 2 } });
    expect(await readout.textContent()).toContain('Layer 0, expert 63:');
    await drop(page, 'hello.pool.yaml', HELLO);
    await shows(page, 'hello');
    expect(await panel.isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('a recording of experts that are spread says which GPU holds one', async () => {
    const { page } = await open();
    const spread = readFileSync(
      new URL('../../scenarios/moe/glm-4.7-flash-tp4-ep4.pool.yaml', import.meta.url),
      'utf8',
    ).replace('num-prompts: 300', 'num-prompts: 10');
    await drop(page, 'spread.poolrec', encodeRecording(record(spread)));
    await shows(page, 'GLM-4.7-Flash, TP 4 and EP 4');
    await press(page, 'g');
    const map = page.locator('#expert-map');
    const { width } = (await map.boundingBox())!;
    await map.hover({ position: { x: (17.5 / 64) * width, y: 2 } });
    expect(await page.locator('#expert-readout').textContent()).toMatch(
      /^Steps 0 to \d+: Layer 0, expert 17: \d+\.\d\d × the mean, on GPU 1$/,
    );
    expect(await page.locator('#expert-facts').textContent()).toContain('Imbalance: the busiest GPU has');
  });
});

describe('GPU memory', () => {
  const ON_TWO = `version: 1
name: on two
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096 --tensor-parallel-size 2
hardware: { gpu: l4, count: 4 }
workload: { num-prompts: 5, input-len: 100, output-len: 20 }
`;

  test('one strip a GPU, to scale, which opens to the allocator’s segments; sliders plan the start anew', async () => {
    const { page, complaints } = await open();
    await drop(page, 'on-two.pool.yaml', ON_TWO);
    await shows(page, 'on two');
    const summary = page.locator('#gpu-summary');
    expect(await summary.textContent()).toMatch(
      /GiB of weights and .* GiB of KV cache in .* on each of 2 GPUs/,
    );
    await press(page, 'g');
    expect(await page.locator('.strip').count()).toBe(2);
    await page.locator('.strip-row button').first().click();
    expect(await page.locator('.segments-row').textContent()).toMatch(
      /\d+ segments, .* reserved, .* allocated.*After 0 steps: .* reserved, .* in holes.* 0 retries/,
    );
    await press(page, 'End');
    await drawn(page);
    expect(await page.locator('.served').textContent()).toMatch(/^After \d\d steps: /);
    // Only models with experts have them to spread.
    expect(await page.getByRole('slider', { name: '--enable-expert-parallel' }).count()).toBe(0);
    const slider = page.getByRole('slider', { name: '--tensor-parallel-size' });
    expect(await slider.getAttribute('aria-valuetext')).toBe('2');
    expect(await slider.inputValue()).toBe('1');
    const lengths = page.getByRole('slider', { name: '--max-model-len' });
    expect(await lengths.getAttribute('aria-valuetext')).toBe('4,096');
    await slider.fill('2');
    const verdict = page.locator('.verdict');
    await expect.poll(() => verdict.textContent()).toMatch(/^Starts with [\d,]+ blocks/);
    expect(await page.locator('.strip').count()).toBe(4);
    await page.getByRole('slider', { name: '--gpu-memory-utilization' }).fill('0');
    await expect.poll(() => verdict.textContent()).toMatch(/^Would not start/);
    await page.getByRole('button', { name: 'As in the run' }).click();
    expect(await page.locator('.strip').count()).toBe(2);
    expect(complaints).toEqual([]);
  });
});

test('what if experts were spread', async () => {
  const { page } = await open();
  const command = 'vllm serve Qwen/Qwen3-30B-A3B --tensor-parallel-size 4 --max-model-len 4096';
  const hardware = { gpu: 'rtx4090', count: 4 };
  await drop(page, 'qwen.pool.yaml', JSON.stringify({ version: 1, name: 'qwen', command, hardware }));
  await shows(page, 'qwen');
  await press(page, 'g');
  const slider = page.getByRole('slider', { name: '--enable-expert-parallel' });
  expect(await slider.getAttribute('aria-valuetext')).toBe('off');
  await slider.fill('1');
  expect(await slider.getAttribute('aria-valuetext')).toBe('on');
  await expect.poll(() => page.locator('.verdict').textContent()).toMatch(/^Starts with [\d,]+ blocks/);
});

describe('setting up a run', () => {
  test('a pasted vllm serve line runs, on as many GPUs as it needs; Back brings the run before', async () => {
    const { page, complaints } = await open();
    await page.click('#set-up');
    await page.fill(
      '#editor-text',
      '$ vllm serve Qwen/Qwen3-8B --tensor-parallel-size 2 \\\n  --max-model-len 8192',
    );
    await page.keyboard.press('Control+Enter');
    await shows(page, 'pasted command');
    expect(await page.textContent('#scenario-name')).toContain('Qwen/Qwen3-8B · 2 × a100-80g-sxm');
    await page.goBack();
    await shows(page, 'hello');
    await page.goForward();
    await shows(page, 'pasted command');
    expect(complaints).toEqual([]);
  });

  test('a field of the form is set over the file, and the link holds it', async () => {
    const { page } = await open();
    await page.click('#set-up');
    expect(await page.inputValue('[id="field-engine.block-size"]')).toBe('16');
    await page.fill('[id="field-engine.block-size"]', '8');
    await page.click('#editor button[type=submit]');
    await page.waitForFunction(() => document.getElementById('editor')?.hasAttribute('open') === false);
    const { numSteps } = record(HELLO.replace('--block-size 16', '--block-size 8'));
    await page.waitForFunction(
      (steps) => document.getElementById('timeline')?.ariaValueMax === String(steps),
      numSteps,
    );
    await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight');
    await page.click('#share');
    const link = await page.inputValue('#share-dialog input');
    const other = await site.visit({ reducedMotion: 'reduce' });
    await other.page.goto(link);
    await shows(other.page, 'hello');
    await drawn(other.page);
    expect(await stepOf(other.page)).toBe(3);
    await other.page.click('#set-up');
    expect(await other.page.inputValue('[id="field-engine.block-size"]')).toBe('8');
  });

  test.each([
    '#/play?s=1.AAAA',
    '#/play?s=9.AAAA',
    '#<img src=x onerror=alert(1)>',
    `#/play?s=1.${'A'.repeat(99999)}`,
  ])('an address that says nothing, %s: the first scenario, no complaint', async (fragment) => {
    const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
    await page.goto(site.url + fragment);
    await shows(page, 'hello');
    expect(complaints).toEqual([]);
  });

  test.each([
    [
      'a text that is no scenario',
      { text: '<img src=x onerror=alert(1)>', file: '<script>alert(1)</script>', sets: [] },
    ],
    ['fields that there are not', { text: HELLO, file: 'a', sets: ['__proto__.polluted=1', '<b>=1'] }],
    [
      'a change that cannot be',
      { text: HELLO, file: 'a', sets: [], later: { step: 9, sets: ['engine.max-num-seqs=<i>'] } },
    ],
  ])('a link with %s: a message, nothing run, and the page can be used', async (_, scenario) => {
    const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
    const state = { scenario, step: 2 ** 52, mode: '<b>', request: 2 ** 52, scene: '<b>', replica: 999 };
    await page.goto(site.url + toFragment('play', { ...state, others: [scenario] }));
    await page.locator('#message').waitFor({ state: 'visible' });
    expect(await page.locator('#message :is(img, script, b, i)').count()).toBe(0);
    expect(await page.evaluate(() => 'polluted' in {})).toBe(false);
    await drop(page, 'hello.pool.yaml', HELLO);
    await shows(page, 'hello');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('an example is chosen, loaded and run', async () => {
    const { page } = await open();
    await page.click('#set-up');
    await page.selectOption('#editor select[aria-label=Example]', { label: 'llama31 8b on a100' });
    await page.waitForFunction(() => document.getElementById('scenario-name')?.textContent?.includes('a100'));
  });
});

describe('search and commands', () => {
  test('a request, an event, a command: found and gone to', async () => {
    const { page, complaints } = await open();
    await press(page, '/');
    await page.keyboard.type('req:r17');
    await press(page, 'Enter');
    expect(await page.locator('.request[aria-pressed="true"] .id').allTextContents()).toEqual(['r17']);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('event:abort');
    await press(page, 'Enter');
    expect(await page.textContent('#sentence')).toContain('Gave up:');
    await press(page, '/');
    await page.keyboard.type('show the requests');
    await press(page, 'Enter');
    expect(await page.isVisible('#gantt')).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('the comma and the point go to events of the chosen kind', async () => {
    const { page } = await open();
    await page.selectOption('.transport select', 'finish');
    await page.locator('#timeline').focus();
    await press(page, '.');
    expect(await page.textContent('#sentence')).toContain('Finished');
    const first = await stepOf(page);
    await press(page, '.', ',');
    expect(await stepOf(page)).toBe(first);
  });
});

describe('comparing', () => {
  test('a run beside it, with the first decision that differs; the link brings both back', async () => {
    const { page, complaints } = await open();
    await press(page, 'c');
    await page.click('text=Add a run');
    await page.fill('[id="field-engine.max-num-seqs"]', '4');
    await page.click('#editor button[type=submit]');
    await page.waitForSelector('.first-difference');
    expect(await page.textContent('#scene-compare')).toContain('engine.max-num-seqs=4');
    await page.click('.first-difference button');
    await drawn(page);
    const fewer = record(HELLO.replace('--max-num-seqs 12', '--max-num-seqs 4'));
    const { first } = diffRecordings(hello, fewer);
    expect(await stepOf(page)).toBe(first?.step);
    expect(await page.textContent('.first-difference')).toContain(first?.decisions[0]);
    const figure = () => page.locator('.pane-figure').nth(1).textContent();
    const now = hello.steps.startNs[first!.step];
    const aligned = fewer.steps.startNs.findLastIndex((ns) => ns <= now);
    expect(await figure()).toContain(`step ${aligned} `);
    await page.click('#share');
    const link = await page.inputValue('#share-dialog input');
    const other = await site.visit({ reducedMotion: 'reduce' });
    await other.page.goto(link);
    await other.page.waitForSelector('.first-difference');
    expect(await other.page.locator('.pane').count()).toBe(2);
    await other.page.click('[aria-label="Remove run B"]');
    expect(await other.page.locator('.pane').count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});

test('a flag that changes at a step: the rest is replayed beside the run, and the link brings it back', async () => {
  const { page, complaints } = await open();
  await press(page, ...Array(6).fill('Shift+ArrowRight'), 'f');
  await page.fill('.fork-form input', '4');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.first-difference');
  const to = { ...hello.header.scheduler, maxNumSeqs: 4 };
  const forked = record(HELLO, { switch: { step: 60, to } });
  const { first } = diffRecordings(hello, forked);
  expect(first?.step).toBeGreaterThanOrEqual(60);
  await page.click('.first-difference button');
  await drawn(page);
  expect(await stepOf(page)).toBe(first?.step);
  await page.click('#share');
  const other = await site.visit({ reducedMotion: 'reduce' });
  await other.page.goto(await page.inputValue('#share-dialog input'));
  await other.page.waitForSelector('.first-difference');
  expect(await other.page.getAttribute('.fork-mark', 'aria-label')).toBe('B forks at step 60');
  expect(await other.page.textContent('.first-difference')).toContain(first?.decisions[1]);
  expect(complaints).toEqual([]);
});

test('of several engines, each can be looked at, at the same time', async () => {
  const { page, complaints } = await open();
  const text = HELLO.replace('name: hello', 'name: two\nreplicas: { count: 2, router: round-robin }');
  const { replicas } = simulateScenario(parseScenario(text, 'two.pool.yaml'));
  await drop(page, 'two.pool.yaml', text);
  await shows(page, 'two (replica 0 of 2)');
  await press(page, ...Array(3).fill('Shift+ArrowRight'));
  await page.selectOption('#replica', { index: 1 });
  await shows(page, 'two (replica 1 of 2)');
  const now = replicas[0].steps.startNs[30];
  const step = replicas[1].steps.startNs.findLastIndex((ns) => ns <= now);
  expect(await stepOf(page)).toBe(step);
  const [, , running] = await figures(page);
  expect(running).toMatch(`${replicas[1].steps.numRunning[step]} of`);
  await page.click('#share');
  const other = await site.visit({ reducedMotion: 'reduce' });
  await other.page.goto(await page.inputValue('#share-dialog input'));
  await shows(other.page, 'two (replica 1 of 2)');
  expect(complaints).toEqual([]);
});

describe('saving', () => {
  async function save(page: Page, label: string): Promise<{ name: string; bytes: Buffer }> {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: label, exact: true }).click(),
    ]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
  }

  test('pictures, the recording, the scenario and tables, each a file of its kind', async () => {
    const { page, complaints } = await open();
    for (let i = 0; i < 6; i++) await page.keyboard.press('Shift+ArrowRight');
    await drawn(page);
    await page.click('#share');
    const png = await save(page, 'PNG');
    expect(png.name).toBe('hello.png');
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
    const svg = (await save(page, 'SVG')).bytes.toString();
    expect(svg.match(/<rect [^>]*><title>block \d+<\/title>/g)).toHaveLength(64);
    expect(svg).toContain('Step 60.');
    const gif = (await save(page, 'GIF')).bytes;
    expect(gif.subarray(0, 6).toString()).toBe('GIF89a');
    expect(await stepOf(page)).toBe(60);
    const saved = decodeRecording((await save(page, 'Recording')).bytes);
    expect(digestOf(saved)).toBe(digestOf(hello));
    expect((await save(page, 'CSV')).bytes.toString().trim().split('\r\n')).toHaveLength(27);
    expect(JSON.parse((await save(page, 'JSON')).bytes.toString()).requests).toHaveLength(26);
    const trace = JSON.parse((await save(page, 'Chrome trace')).bytes.toString());
    expect(trace.traceEvents.length).toBeGreaterThan(200);
    expect(complaints).toEqual([]);
  });

  test('a report is one file that shows the run without a network, and names stay text in it', async () => {
    const { page } = await open();
    const name = `</script><img src=x onerror=alert(1)>'"&<!--runs--> $&`;
    await drop(page, 'nasty.poolrec', encodeRecording({ ...hello, header: { ...hello.header, name } }));
    await shows(page, name);
    await page.click('#share');
    const { bytes } = await save(page, 'Report');
    const file = join(site.folder, 'saved-report.html');
    writeFileSync(file, bytes);
    const report = await site.visit({ reducedMotion: 'reduce', offline: true });
    await report.page.goto(pathToFileURL(file).href);
    await shows(report.page, name);
    expect(await report.page.locator('#report h1').textContent()).toContain(name);
    expect(await report.page.locator('#report th', { hasText: 'preemptions' }).count()).toBe(1);
    await press(report.page, 'End');
    expect(await stepOf(report.page)).toBe(hello.numSteps);
    expect(await report.page.locator('img').count()).toBe(0);
    const ownFile = (line: string) => line.startsWith('request to file:');
    expect(report.complaints.filter((line) => !ownFile(line))).toEqual([]);
  });

  test('the scenario with the fields that were set over it gives the same run', async () => {
    const { page } = await open();
    await page.click('#set-up');
    await page.fill('[id="field-engine.max-num-seqs"]', '5');
    await page.click('#editor button[type=submit]');
    const fewer = record(HELLO.replace('--max-num-seqs 12', '--max-num-seqs 5'));
    await page.waitForFunction(
      (steps) => document.getElementById('timeline')?.ariaValueMax === String(steps),
      fewer.numSteps,
    );
    await page.click('#share');
    const { name, bytes } = await save(page, 'Scenario');
    expect(name).toBe('hello.pool.yaml');
    const again = record(bytes.toString());
    expect([...again.steps.endNs]).toEqual([...fewer.steps.endNs]);
  });
});

describe('layouts and colours', () => {
  test('every mode and order draws another picture, and the same one again', async () => {
    const { page, complaints } = await open();
    for (let i = 0; i < 9; i++) await page.keyboard.press('Shift+ArrowRight');
    const seen = new Map<string, string>();
    for (let order = 0; order < ORDER_MODES.length; order++) {
      for (const mode of ['1', '2', '3', '4', '5']) {
        await press(page, mode);
        seen.set(`${order} ${mode}`, await pixels(page));
      }
      await press(page, 'o');
    }
    expect(new Set(seen.values()).size).toBe(seen.size);
    await press(page, '3', 'End', 'Home');
    for (let i = 0; i < 9; i++) await page.keyboard.press('Shift+ArrowRight');
    await drawn(page);
    expect(await pixels(page)).toBe(seen.get('0 3'));
    expect(complaints).toEqual([]);
  });
});

describe('requests over the steps', () => {
  test('a row each; a click follows one, arrow keys go on to the next; the same step gives the same picture', async () => {
    const { page, complaints } = await open();
    await press(page, 'r');
    await page.locator('#gantt-scroll').click({ position: { x: 200, y: 18 * 7 + 9 } });
    await drawn(page);
    expect(await page.locator('.request[aria-pressed="true"] .id').allTextContents()).toEqual([]);
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await drawn(page);
    expect(await page.locator('.request[aria-pressed="true"] .id').allTextContents()).toEqual(['r7']);
    await page.focus('#gantt-scroll');
    await press(page, 'ArrowDown');
    expect(await page.locator('.request[aria-pressed="true"] .id').allTextContents()).toEqual(['r8']);
    const before = await pixels(page, 'gantt');
    await press(page, 'Shift+ArrowRight', 'End', 'Home');
    expect(await pixels(page, 'gantt')).not.toBe(before);
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await drawn(page);
    expect(await pixels(page, 'gantt')).toBe(before);
    expect(complaints).toEqual([]);
  });
});
