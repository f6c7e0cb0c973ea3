import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { timesTheMean } from '../../sim/moe/expert-map.ts';
import { encodeRecording } from '../../sim/recording/codec.ts';
import { Cursor } from '../../sim/recording/cursor.ts';
import { HELLO, record } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, drop, figures, press, shows, stepOf } from './visitor.ts';

const { open } = await useSite();

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
    await drawn(page);
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
    await drawn(page);
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
    await drawn(page);
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
    await drawn(page);
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
    await expect
      .poll(() => verdict.textContent())
      .toMatch(/^Starts with [\d,]+ blocks.*may turn out \d\.\d\d GiB smaller or larger\.$/);
    expect(await page.locator('.strip').count()).toBe(4);
    await page.getByRole('slider', { name: '--gpu-memory-utilization' }).fill('0');
    await expect.poll(() => verdict.textContent()).toMatch(/^Would not start/);
    await page.getByRole('button', { name: 'As in the run' }).click();
    await drawn(page);
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
  await drawn(page);
  expect(await slider.getAttribute('aria-valuetext')).toBe('on');
  await expect.poll(() => page.locator('.verdict').textContent()).toMatch(/^Starts with [\d,]+ blocks/);
});
