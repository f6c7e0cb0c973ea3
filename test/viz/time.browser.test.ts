import { describe, expect, test } from 'vitest';
import { hello } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, figures, pixels, press, stepOf } from './visitor.ts';

const { open } = await useSite();

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

test('says how far its times are off, and shows where the time of the steps goes', async () => {
  const { page, complaints } = await open();
  const trust = page.locator('#headline button.link');
  expect(await trust.textContent()).toMatch(/^±\d+(–\d+)? %$/);
  expect(await trust.getAttribute('title')).toContain('Datasheet: generic. Not measured: matrix products');
  await trust.focus();
  await press(page, 'Enter');
  expect(await page.locator('#step-times').getAttribute('open')).not.toBeNull();
  expect(await page.locator('#step-time-trust').textContent()).toContain('stages of load tests');
  const legend = page.locator('#step-time-legend');
  await expect.poll(() => legend.textContent()).toMatch(/matrix products\s+5\d\.\d ms/);
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
  await page.locator('#reasons li').first().waitFor();
  const reasons = await page.locator('#reasons li').allTextContents();
  expect(reasons.join(' ')).toContain(
    'r18 is admitted from the head of the queue: 64 tokens came from the prefix cache',
  );
  expect(reasons.join(' ')).toContain('KVCacheManager.allocate_slots');
  // Space on the summary is its own: the run did not start to play.
  expect(await stepOf(page)).toBe(93);
  expect(complaints).toEqual([]);
});
