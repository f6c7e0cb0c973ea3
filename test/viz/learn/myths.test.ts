import { expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { LESSONS } from '../../../viz/learn/course.ts';
import { MYTH_EXPERIMENTS } from '../../../viz/learn/myth-experiments.ts';
import { LESSON_OF, MYTHS } from '../../../viz/learn/myths.ts';
import { courseText } from '../../../viz/learn/text.ts';

const { myths } = courseText();

test.each(MYTHS)('%s: what it predicts does not come, and the page can say what does', (id) => {
  const { holds, facts, scenario } = MYTH_EXPERIMENTS[id]();
  const found = myths[id].found(facts);
  expect(found).not.toMatch(/undefined|NaN|Infinity/);
  if (scenario) expect(() => parseScenario(scenario.text, scenario.file)).not.toThrow();
  expect(holds, found).toBe(false);
});

test('the lessons that explain them exist', () => {
  const ids: string[] = LESSONS.map(({ id }) => id);
  for (const lesson of Object.values(LESSON_OF)) expect(ids).toContain(lesson);
});
