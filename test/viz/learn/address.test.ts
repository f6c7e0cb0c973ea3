import fc from 'fast-check';
import { expect, test } from 'vitest';
import { courseAddress, lessonAddress } from '../../../viz/learn/address.ts';
import { LESSONS } from '../../../viz/learn/course.ts';
import { figureMessageOf } from '../../../viz/learn/figure-messages.ts';

test('an address of a lesson is read as it was written', () => {
  const parts = fc.record({
    lesson: fc.constantFrom(...LESSONS),
    at: fc.nat(20),
    embed: fc.boolean(),
    language: fc.constantFrom('en' as const, 'zh' as const, null),
    version: fc.constantFrom('0.1.0', '12.3.4-beta.1', null),
  });
  fc.assert(
    fc.property(parts, ({ lesson, at, ...rest }) => {
      const knob = lesson.knob?.values[at] ?? null;
      expect(courseAddress(lessonAddress(lesson, { knob, ...rest }))).toEqual({
        page: lesson,
        knob,
        ...rest,
      });
    }),
  );
});

test.each([
  ['#/learn', 'index'],
  ['#/learn/', 'index'],
  ['#/learn?lang=zh', 'index'],
  ['#/learn/nothing', 'index'],
  ['#/learn/myths', 'myths'],
  ['#/learn/teacher?v=1', 'teacher'],
])('%s', (fragment, page) => {
  expect(courseAddress(fragment).page).toBe(page);
});

test('what is unknown in an address is passed over', () => {
  const address = courseAddress('#/learn/on-demand?knob=34&embed=yes&lang=fr&v=<img>');
  expect(address).toMatchObject({ embed: false, knob: null, language: null, version: null });
  expect(courseAddress('#/learn/myths?embed=1').embed).toBe(false);
});

test.each([
  [{ poolscope: 1, type: 'reveal', more: 1 }, { type: 'reveal' }],
  [{ poolscope: 1, type: 'state?' }, { type: 'state?' }],
  [
    { poolscope: 1, type: 'knob', value: 3 },
    { type: 'knob', value: 3 },
  ],
  [{ poolscope: 1, type: 'knob', value: '3' }, null],
  [{ poolscope: 1, type: 'knob', value: Number.NaN }, null],
  [{ poolscope: 2, type: 'reveal' }, null],
  [{ type: 'reveal' }, null],
  ['reveal', null],
  [null, null],
])('message %j', (data, message) => {
  expect(figureMessageOf(data)).toEqual(message);
});
