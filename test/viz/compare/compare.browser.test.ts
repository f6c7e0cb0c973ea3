import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../sim/recording/codec.ts';
import { diffRecordings } from '../../../sim/report/diff.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { fromFragment, toFragment } from '../../../sim/share/fragment.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { HELLO, hello, record } from '../hello-run.ts';
import { useSite } from '../use-site.ts';
import { drawn, drop, figures, press, shows, stepOf } from '../visitor.ts';

const { site, open } = await useSite();

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
    await drawn(other.page);
    expect(await other.page.locator('.pane').count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});

test('a run beside it that is still simulated is in the address already', async () => {
  const sets = ['engine.max-num-seqs=4'];
  const scenario = { text: HELLO, file: 'hello.pool.yaml', sets: [] };
  const link = toFragment('play', {
    scenario,
    step: 5,
    mode: 'request',
    request: null,
    scene: 'blocks',
    others: [{ ...scenario, sets }],
  });
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce', serviceWorkers: 'block' });
  let numWorkers = 0;
  let release = () => {};
  await page.route(/worker[^/]*\.js/, async (route) => {
    numWorkers++;
    if (numWorkers === 2) await new Promise<void>((resolve) => (release = resolve));
    await route.continue();
  });
  await page.goto(`${site.url}${link}`);
  await expect.poll(() => stepOf(page)).toBe(5);
  await press(page, 'ArrowRight');
  const state = () => fromFragment(new URL(page.url()).hash)?.state;
  await expect.poll(() => state()?.step).toBe(6);
  expect(state()?.others.map((other) => other.sets)).toEqual([sets]);
  release();
  await page.waitForSelector('.first-difference');
  expect(complaints).toEqual([]);
});

test('a flag that changes at a step: the rest is replayed beside the run, and the link brings it back', async () => {
  const { page, complaints } = await open();
  await press(page, ...Array(6).fill('Shift+ArrowRight'), 'f');
  await page.fill('.fork-form input', '4');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.first-difference');
  const forked = record(`${HELLO}fork: {at-step: 60, set: {max-num-seqs: 4}}\n`);
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

  // Alone, it can be saved as a file that gives the same run.
  await other.page.click('[aria-label="Run B: open alone"]');
  await other.page.waitForFunction(
    () => document.querySelector('.fork-mark')?.ariaLabel === 'A forks at step 60',
  );
  await other.page.click('#share');
  const [download] = await Promise.all([
    other.page.waitForEvent('download'),
    other.page.click('.saves button:text-is("Scenario")'),
  ]);
  const saved = record(readFileSync(await download.path(), 'utf8'));
  expect(digestOf(saved)).toBe(digestOf(forked));
  await other.page.goBack();
  await other.page.waitForSelector('.first-difference');
  expect([...complaints, ...other.complaints]).toEqual([]);
});

test('what runs are often compared with is one choice away', async () => {
  const { page, complaints } = await open();
  await press(page, 'c');
  await page.selectOption('[aria-label="Compare with …"]', { label: '--no-enable-prefix-caching' });
  await page.locator('.pane').nth(1).waitFor();
  await page.selectOption('[aria-label="Compare with …"]', { label: 'Orca (Max)' });
  await page.locator('.pane').nth(2).waitFor();
  const titles = await page.locator('.pane-title').allTextContents();
  expect(titles).toEqual(['A hello', 'B engine.enable-prefix-caching=false', 'C system=orca-max']);
  // Back and Forward undo and redo.
  await page.goBack();
  await page.locator('.pane').nth(2).waitFor({ state: 'detached' });
  await page.locator('.pane').nth(1).waitFor();
  await page.goForward();
  await page.locator('.pane').nth(2).waitFor();
  expect(complaints).toEqual([]);
});

test('runs that decide alike have no table of results', async () => {
  const { page } = await open();
  await press(page, 'f');
  await page.fill('.fork-form input', String(hello.header.scheduler.maxNumSeqs));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.fork-mark');
  await drawn(page);
  expect(await page.textContent('.compare-facts')).toContain('decide alike in every step');
  expect(await page.locator('.results').count()).toBe(0);
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
