import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { toFragment } from '../../sim/share/fragment.ts';
import { HELLO, record } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, drop, pixels, press, shows, stepOf } from './visitor.ts';

const { site, open } = await useSite();

/** Beyond all steps, blocks and requests. */
const FAR = 2 ** 52;

describe('setting up a run', () => {
  test('a pasted vllm serve line runs, on as many GPUs as it needs; Back brings the run before', async () => {
    const { page, complaints } = await open();
    await page.click('#set-up');
    await page.fill(
      '#editor-text',
      '$ vllm serve Qwen/Qwen3-8B --tensor-parallel-size 2 \\\n  --max-model-len 8192',
    );
    expect(await page.inputValue('[id="field-hardware.gpu"]')).toBe('a100-80g-sxm');
    expect(await page.inputValue('[id="field-hardware.count"]')).toBe('2');
    // The fields of the run before are not those of the line.
    expect(await page.inputValue('[id="field-engine.num-gpu-blocks-override"]')).toBe('');
    await page.fill('[id="field-hardware.gpu"]', 'l40s');
    await page.keyboard.press('Control+Enter');
    await shows(page, 'pasted command');
    expect(await page.textContent('#scenario-name')).toContain('Qwen/Qwen3-8B · 2 × l40s');
    await page.goBack();
    await shows(page, 'hello');
    await page.goForward();
    await shows(page, 'pasted command');
    expect(complaints).toEqual([]);
  });

  test('a pasted compose file runs, with the fields of the form set over it', async () => {
    const { page, complaints } = await open();
    await page.click('#set-up');
    await page.fill(
      '#editor-text',
      'services:\n  chat:\n    image: vllm/vllm-openai:latest\n    command: --model Qwen/Qwen3-8B --max-model-len 8192\n',
    );
    await page.click('#editor button[type=submit]');
    await shows(page, 'chat');
    await page.click('#set-up');
    expect(await page.inputValue('#editor-text')).toMatch(/^services:/);
    await page.fill('[id="field-hardware.gpu"]', 'l4');
    await page.click('#editor button[type=submit]');
    await page.waitForFunction(() =>
      document.getElementById('scenario-name')?.textContent?.includes('Qwen/Qwen3-8B · 1 × l4'),
    );
    expect(complaints).toEqual([]);
  });

  test('one that would not start: the reason, what helps, vLLM’s words; the GPUs say whose they are', async () => {
    const { page, complaints } = await open();
    await page.click('#set-up');
    await page.fill('#editor-text', 'vllm serve meta-llama/Llama-3.1-70B-Instruct --max-model-len 8192');
    await page.click('#editor button[type=submit]');
    const message = page.locator('#message');
    await message.waitFor({ state: 'visible' });
    expect(await message.textContent()).toMatch(
      /would not start.*on one GPU, which has 79\.25.*--tensor-parallel-size 2.*OutOfMemoryError/s,
    );
    await page.waitForFunction(() =>
      document.getElementById('gpu-summary')?.textContent?.includes('1 × a100-80g-sxm would not start'),
    );
    expect(await page.textContent('#gpu-strips')).toContain('hatched: no room for it');
    // One that starts brings back what was looked at.
    await page.click('#set-up');
    await page.fill('[id="field-hardware.count"]', '4');
    await page.fill('[id="field-engine.tensor-parallel-size"]', '4');
    await page.click('#editor button[type=submit]');
    await page.locator('#map').waitFor({ state: 'visible' });
    expect(complaints).toEqual([]);
  });

  test('one that nearly starts: that it depends', async () => {
    const { page } = await open();
    const command = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 37700';
    const hardware = { gpu: 'l4', count: 1 };
    await drop(page, 'near.pool.yaml', JSON.stringify({ version: 1, command, hardware }));
    const message = page.locator('#message');
    await message.waitFor({ state: 'visible' });
    expect(await message.textContent()).toMatch(
      /would not start.*It depends: the KV cache may turn out \d\.\d\d GiB smaller or larger/s,
    );
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
    await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'o', 'o', 'o', 'z');
    await page.locator('#map').hover({ position: { x: 5, y: 5 } });
    await drawn(page);
    const shown = (on: Page) =>
      Promise.all([on.textContent('#details-title'), pixels(on), pixels(on, 'timeline')]);
    const before = await shown(page);
    await page.click('#share');
    const link = await page.inputValue('#share-dialog input');
    const other = await site.visit({ reducedMotion: 'reduce' });
    await other.page.goto(link);
    await shows(other.page, 'hello');
    await drawn(other.page);
    expect(await stepOf(other.page)).toBe(3);
    expect(await other.page.inputValue('#orders select')).toBe('prefix');
    expect(await shown(other.page)).toEqual(before);
    await other.page.click('#set-up');
    expect(await other.page.inputValue('[id="field-engine.block-size"]')).toBe('8');
  });

  test.each([
    ['a state that is none', '#/play?s=1.AAAA'],
    ['an unknown version', '#/play?s=9.AAAA'],
    ['markup', '#<img src=x onerror=alert(1)>'],
    ['too much', `#/play?s=1.${'A'.repeat(99999)}`],
    [
      'places that there are not',
      toFragment('play', {
        scenario: { text: HELLO, file: 'hello.pool.yaml', sets: [] },
        ...{ step: FAR, request: FAR, block: FAR, replica: FAR, window: { from: FAR, to: 0 } },
        ...{ mode: '<b>', scene: '<b>', order: '<b>', others: [] },
      }),
    ],
  ])('an address with %s: the first scenario, no complaint', async (_, fragment) => {
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
      { text: HELLO, file: 'a', sets: ['fork.at-step=9', 'fork.set.max-num-seqs=<i>'] },
    ],
  ])('a link with %s: a message, nothing run, and the page can be used', async (_, scenario) => {
    const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
    const state = { scenario, step: 0, mode: 'state', request: null, scene: '', others: [scenario] };
    await page.goto(site.url + toFragment('play', state));
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
