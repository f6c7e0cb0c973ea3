import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { LESSONS } from '../../../viz/learn/course.ts';
import { EXPERIMENTS } from '../../../viz/learn/experiments.ts';
import { MYTHS } from '../../../viz/learn/myths.ts';
import { ENGLISH } from '../../../viz/learn/text.en.ts';
import { CHINESE } from '../../../viz/learn/text.zh.ts';
import { VERSION } from '../../../viz/learn/version.ts';
import { expectAccessible, objections } from '../accessible.ts';
import type { Site, Visit } from '../site.ts';
import { useSite } from '../use-site.ts';

const { site } = await useSite();

async function open(path: string, options: Parameters<Site['visit']>[0] = {}): Promise<Visit> {
  const visit = await site.revisit({ reducedMotion: 'reduce', ...options });
  await visit.page.goto(`${site.url}#/learn${path}`);
  await visit.page.waitForSelector('.learn-page h1');
  return visit;
}

/** Answers the lesson's question, or asks to be shown. */
async function reveal(page: Page): Promise<void> {
  await page.getByRole('button', { name: ENGLISH.page.skip }).click();
  await page.waitForSelector('.reveal .figure');
}

test('by keyboard: from the list to a lesson, a prediction, the verdict, the slider', async () => {
  const { page, complaints } = await open('');
  await page.getByRole('link', { name: ENGLISH.page.start, exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('input[name=said]');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  await page.keyboard.press('Tab');
  await page.keyboard.type('9');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.reveal .figure');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(
    ENGLISH.page.wrong('9 requests'),
  );
  const { facts } = EXPERIMENTS['kv-per-token'](2048);
  expect(await page.locator('.result').textContent()).toBe(ENGLISH.lessons['kv-per-token'].result(facts));
  await page.locator('.knob-row input').focus();
  await page.keyboard.press('ArrowLeft');
  const turned = ENGLISH.lessons['kv-per-token'].result(EXPERIMENTS['kv-per-token'](1024).facts);
  await page.getByText(turned, { exact: true }).waitFor();
  await page.getByRole('link', { name: ENGLISH.page.allLessons }).click();
  await page.getByText(ENGLISH.page.done(1, LESSONS.length)).waitFor();
  expect(complaints).toEqual([]);
});

test('a right prediction is told so', async () => {
  const { page } = await open('/any-free-block');
  const { answer } = EXPERIMENTS['any-free-block'](3);
  await page.locator(`input[value=${answer}]`).check();
  await page.getByRole('button', { name: ENGLISH.page.check }).click();
  await page.getByRole('heading', { name: ENGLISH.page.right }).waitFor();
});

test('a run opens in the playground, and Back returns to the lesson', async () => {
  const { page, complaints } = await open('/preemption');
  await reveal(page);
  await page.getByRole('link', { name: ENGLISH.page.tryIt }).click();
  await page.waitForFunction(() =>
    document.getElementById('scenario-name')?.textContent?.startsWith('Preemption ·'),
  );
  expect(await page.locator('#map').isVisible()).toBe(true);
  expect(await page.locator('main.learn').isVisible()).toBe(false);
  await page.goBack();
  await page.getByRole('heading', { name: ENGLISH.lessons.preemption.title }).waitFor();
  expect(await page.locator('#map').isVisible()).toBe(false);
  expect(complaints).toEqual([]);
});

test('keys of the playground do nothing in the course', async () => {
  const { page } = await open('');
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.waitForFunction(() =>
    document.getElementById('scenario-name')?.textContent?.startsWith('hello'),
  );
  await page.getByRole('link', { name: 'Learn' }).click();
  await page.waitForSelector('.learn-page h1');
  const before = await page.locator('#timeline').getAttribute('aria-valuenow');
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(600);
  expect(await page.locator('#timeline').getAttribute('aria-valuenow')).toBe(before);
  expect(await page.evaluate(() => location.hash)).toBe('#/learn');
});

test('progress that others wrote there is no obstacle', async () => {
  const { page, complaints } = await open('');
  await page.evaluate(() => localStorage.setItem('poolscope.learn', '[{"<img>":1}'));
  await page.reload();
  await page.getByText(ENGLISH.page.done(0, LESSONS.length)).waitFor();
  expect(complaints).toEqual([]);
});

test('in Chinese, where the browser is, until another language is chosen', async () => {
  const { page, complaints } = await open('/preemption', { locale: 'zh-CN' });
  await page.getByRole('heading', { name: CHINESE.lessons.preemption.title, exact: true }).waitFor();
  await page.getByRole('button', { name: CHINESE.page.skip }).click();
  await page.waitForSelector('.reveal .figure');
  expect(await objections(page)).toEqual([]);
  await page.locator('#language').click();
  await page.getByRole('heading', { name: ENGLISH.lessons.preemption.title, exact: true }).waitFor();
  expect(complaints).toEqual([]);
});

/** What a page of the course has computed is there. */
async function settle(page: Page, path: string): Promise<void> {
  if (path === '/myths') {
    await page.waitForFunction(
      (count) => document.querySelectorAll('.badge.fails, .badge.holds').length === count,
      MYTHS.length,
    );
  } else if (path === '/teacher') {
    await page.waitForFunction(
      (running) => ![...document.querySelectorAll('dd')].some(({ textContent }) => textContent === running),
      ENGLISH.page.running,
    );
  } else if (path !== '') {
    const { title } = ENGLISH.lessons[LESSONS.find(({ id }) => path === `/${id}`)!.id];
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
    await reveal(page);
  }
}

test.each(['', ...LESSONS.map(({ id }) => `/${id}`), '/myths', '/teacher'])(
  'the page fits, and axe-core has nothing to object to: %s',
  async (path) => {
    const { page, complaints } = await open(path, { colorScheme: 'light' });
    await settle(page, path);
    await expectAccessible(page, [1280, 390], path);
    expect(complaints).toEqual([]);
  },
);

test('on paper a lesson has the question and room to write, and no answer', async () => {
  const { page } = await open('/preemption');
  await reveal(page);
  await page.emulateMedia({ media: 'print' });
  const { lessons, page: words } = ENGLISH;
  const visible = (text: string) => page.getByText(text, { exact: true }).filter({ visible: true }).count();
  expect(await visible(lessons.preemption.ask)).toBe(1);
  expect(await visible(lessons.preemption.question)).toBe(1);
  expect(await visible(words.because)).toBe(1);
  expect(await page.locator('.reveal, .bar, dialog, .neighbours').filter({ visible: true }).count()).toBe(0);
});

test("a lesson's figure within another page: steered by messages, and by keyboard", async () => {
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
  await page.setContent(`<iframe src="${site.url}#/learn/on-demand?embed=1&knob=17" title="figure" width="800" height="600"></iframe>
    <output></output>
    <script>
      addEventListener('message', ({ data }) => {
        document.querySelector('output').textContent = [data.lesson, data.knob, data.revealed].join(' ');
      });
    </script>`);
  const says = (text: string) => expect.poll(() => page.locator('output').textContent()).toBe(text);
  const send = (message: object) =>
    page.evaluate((data) => document.querySelector('iframe')?.contentWindow?.postMessage(data, '*'), message);
  const inside = page.frameLocator('iframe');
  const { ask, result } = ENGLISH.lessons['on-demand'];
  await says('on-demand 17 false');
  await inside.getByText(ask, { exact: true }).waitFor();
  await send({ poolscope: 1, type: 'reveal' });
  await says('on-demand 17 true');
  await inside.getByText(result(EXPERIMENTS['on-demand'](17).facts), { exact: true }).waitFor();
  await send({ poolscope: 1, type: 'knob', value: 7 });
  await send({ poolscope: 1, type: 'knob', value: 64 });
  await says('on-demand 64 true');
  await inside.locator('input[type=range]').focus();
  await page.keyboard.press('ArrowLeft');
  await says('on-demand 49 true');
  expect(await inside.locator('#to-play').isVisible()).toBe(false);
  expect(complaints).toEqual([]);
});

test('a link with a language and another version says so', async () => {
  const { page } = await open('/preemption?lang=zh&v=0.0.1');
  await page.getByRole('heading', { name: CHINESE.lessons.preemption.title, exact: true }).waitFor();
  expect(await page.locator('main.learn').textContent()).toContain(
    CHINESE.page.otherVersion('0.0.1', VERSION),
  );
});
