import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { exportChromeTrace } from '../../sim/export/chrome-trace.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../sim/recording/codec.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { HELLO, hello, record } from './hello-run.ts';
import { useSite } from './use-site.ts';
import { drawn, drop, press, shows, stepOf } from './visitor.ts';

const { site, open } = await useSite();

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
    expect(svg.match(/<g><title>block \d+<\/title>\n<rect /g)).toHaveLength(64);
    // Signs and names stand beside the colours, as on the page.
    expect(svg).toMatch(/<path d="M[^"]*a[^"]*" fill="none"/);
    expect(svg).toMatch(/<text [^>]*monospace[^>]*>r\d+<\/text>/);
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

  test('Perfetto gets the trace from tab to tab, once its page answers', async () => {
    const { page, complaints } = await open();
    await page.context().route('https://ui.perfetto.dev/**', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<title>waiting</title><script>
          addEventListener('message', ({ data, source, origin }) => {
            if (data === 'PING') source.postMessage('PONG', origin);
            else document.title = data.perfetto.title + ' ' +
              JSON.parse(new TextDecoder().decode(data.perfetto.buffer)).traceEvents.length;
          });
        </script>`,
      }),
    );
    await page.click('#share');
    const [tab] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Perfetto', exact: true }).click(),
    ]);
    const { traceEvents } = JSON.parse([...exportChromeTrace(hello)].join(''));
    await tab.waitForFunction((title) => document.title === title, `hello ${traceEvents.length}`);
    await page.getByText('Perfetto has the trace.').waitFor();
    await tab.close();
    await page.context().unroute('https://ui.perfetto.dev/**');
    expect(complaints).toEqual([]);
  });

  test('a report is one file that shows the run without a network, and names stay text in it', async () => {
    const { page } = await open();
    const name = `</script><img src=x onerror=alert(1)>'"&<!--runs--> $&`;
    await drop(page, 'nasty.poolrec', encodeRecording({ ...hello, header: { ...hello.header, name } }));
    await shows(page, name);
    await page.click('#share');
    const { bytes } = await save(page, 'Report');
    const file = join(mkdtempSync(join(tmpdir(), 'poolscope-report-')), 'saved-report.html');
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
