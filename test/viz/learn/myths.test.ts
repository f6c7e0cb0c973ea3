import { expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { LESSONS } from '../../../viz/learn/course.ts';
import { MYTH_EXPERIMENTS } from '../../../viz/learn/myth-experiments.ts';
import { LESSON_OF, MYTHS } from '../../../viz/learn/myths.ts';
import { ENGLISH } from '../../../viz/learn/text.en.ts';
import { CHINESE } from '../../../viz/learn/text.zh.ts';

test.each(MYTHS)('%s: what it predicts does not come, and the page can say what does', (id) => {
  const { holds, facts, scenario } = MYTH_EXPERIMENTS[id]();
  const found = ENGLISH.myths[id].found(facts);
  for (const { myths } of [ENGLISH, CHINESE]) {
    expect(myths[id].found(facts)).not.toMatch(/undefined|NaN|Infinity/);
  }
  if (scenario) expect(() => parseScenario(scenario.text, scenario.file)).not.toThrow();
  expect(holds, found).toBe(false);
});

test('the lessons that explain them exist', () => {
  const ids: string[] = LESSONS.map(({ id }) => id);
  for (const lesson of Object.values(LESSON_OF)) expect(ids).toContain(lesson);
});
