import { describe, expect, test } from 'vitest';
import { ORDER_MODES } from '../../viz/order/block-order.ts';
import { objections } from './accessible.ts';
import { withBlocks } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, drop, pixels, press, shows, stepOf } from './visitor.ts';

const { open } = await useSite();

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
    const table = page.locator('.block-table li');
    expect(await table.nth(0).getAttribute('aria-label')).toBe('entry 0: block 1');
    expect(await table.evaluateAll((entries) => entries.map(({ ariaCurrent }) => ariaCurrent))).toEqual([
      'true',
      ...Array<string>(5).fill('false'),
    ]);
    expect(await objections(page)).toEqual([]);
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
    await drawn(page);
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

test('two fingers zoom in on what is between them and move it, one finger pulls the map', async () => {
  const { page, complaints } = await open({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const touch = await page.context().newCDPSession(page);
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: [x: number, y: number][]) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const { x, y } = (await page.locator('#map').boundingBox())!;
  const blockAt = async (right: number, down: number) => {
    await page.touchscreen.tap(x + right, y + down);
    await drawn(page);
    return page.textContent('#details-title');
  };
  const target = await blockAt(150, 100);
  await send('touchStart', [x + 130, y + 100], [x + 170, y + 100]);
  for (let by = 5; by <= 80; by += 5)
    await send('touchMove', [x + 130 - by, y + 100], [x + 170 + by, y + 100]);
  await send('touchMove', [x + 80, y + 140], [x + 280, y + 140]);
  await send('touchEnd');
  await drawn(page);
  expect(await page.locator('.overview').isVisible()).toBe(true);
  expect(await page.evaluate(() => visualViewport?.scale)).toBe(1);
  expect(await blockAt(180, 140)).toBe(target);

  await send('touchStart', [x + 180, y + 140]);
  for (let by = 5; by <= 60; by += 5) await send('touchMove', [x + 180 - by, y + 140]);
  await send('touchEnd');
  expect(await blockAt(120, 140)).toBe(target);

  await send('touchStart', [x + 20, y + 100], [x + 320, y + 100]);
  for (let by = 5; by <= 140; by += 5)
    await send('touchMove', [x + 20 + by, y + 100], [x + 320 - by, y + 100]);
  await send('touchEnd');
  await page.locator('.overview').waitFor({ state: 'hidden' });
  expect(complaints).toEqual([]);
});

test('blocks can be coloured by cache group where there are several', async () => {
  const { page, complaints } = await open();
  const group = page.locator('#color-modes [data-value=group]');
  expect(await group.isVisible()).toBe(false);
  await page.locator('#color-modes [aria-checked=true]').focus();
  await press(page, 'ArrowLeft');
  expect(await page.getAttribute('#color-modes [data-value=queue]', 'aria-checked')).toBe('true');
  const gemma = 'google/gemma-3-12b-it --max-model-len 2048 --num-gpu-blocks-override 1800';
  await drop(
    page,
    'groups.pool.yaml',
    `{version: 1, name: groups, command: vllm serve ${gemma}, hardware: {gpu: a100-80g-sxm}, workload: {num-prompts: 3}}`,
  );
  await shows(page, 'groups');
  await group.click();
  await drawn(page);
  expect(await page.textContent('#legend')).toContain('group 1 (sliding window)');
  expect(complaints).toEqual([]);
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
      // Forwards and back, then from the start.
      await press(page, 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowLeft', 'ArrowLeft');
      expect(await pixels(page)).toBe(seen.get(`${order} 5`));
      await press(page, 'End', 'Home', ...Array<string>(9).fill('Shift+ArrowRight'));
      expect(await pixels(page)).toBe(seen.get(`${order} 5`));
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
    // The steps that the timeline shows.
    await press(page, 'z');
    expect(await page.textContent('#gantt-legend')).toMatch(/Steps \d+ to \d+$/);
    expect(await pixels(page, 'gantt')).not.toBe(before);
    expect(complaints).toEqual([]);
  });
});
