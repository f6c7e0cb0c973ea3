import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { momentText } from '../../sim/report/moments/moment-text.ts';
import { momentsOf, reasonsOf } from '../../sim/report/moments/moments.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { momentTextInChinese } from '../../viz/story/moment-text.zh.ts';
import { objections } from './accessible.ts';
import { useSite } from './use-site.ts';
import { drawn } from './visitor.ts';

const { site } = await useSite();

test('the guided reading says what sim/report finds, loads when it is opened, and goes there', async () => {
  const { page, complaints } = await site.visit({ reducedMotion: 'reduce' });
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(request.url()));
  await page.goto(site.url);
  await page.waitForFunction(() =>
    document.getElementById('scenario-name')?.textContent?.startsWith('hello'),
  );
  const isStory = (url: string) => /\/story-[^/]*\.js$/.test(url);
  expect(loaded.filter(isStory)).toEqual([]);
  await page.locator('#story summary').focus();
  await page.keyboard.press('Enter');
  const buttons = page.locator('#moments button');
  await buttons.first().waitFor();
  expect(loaded.filter(isStory)).toHaveLength(1);
  const file = 'scenarios/hello.pool.yaml';
  const recording = simulateScenario(parseScenario(readFileSync(file, 'utf8'), file)).recording!;
  const moments = momentsOf(recording);
  expect(await buttons.allTextContents()).toEqual(
    moments.map((moment) => `Step ${moment.step}: ${momentText(recording, moment).title}`),
  );
  const told = await page.locator('#moments').textContent();
  for (const moment of moments) {
    expect(told).toContain(momentText(recording, moment).text);
    for (const { text } of reasonsOf(recording, moment)) expect(told).toContain(text);
  }
  expect(await objections(page)).toEqual([]);
  await buttons.nth(1).click();
  await drawn(page);
  expect(await page.locator('#timeline').getAttribute('aria-valuenow')).toBe(String(moments[1].step));
  await page.locator('#language').click();
  await page.getByText(momentTextInChinese(recording, moments[1]).text).waitFor();
  expect(complaints).toEqual([]);
});
