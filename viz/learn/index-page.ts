import { h } from '../dom.ts';
import { LESSONS, type LessonId, PARTS } from './course.ts';
import { progress, type Seen } from './progress.ts';
import type { CourseText } from './text.ts';

/** The list of lessons, and how far one is. */
export function indexPage(text: CourseText): HTMLElement {
  const { page } = text;
  const seen = progress();
  const next = LESSONS.find(({ id }) => !seen.has(id)) ?? LESSONS[0];
  return h(
    'article',
    { class: 'learn-page' },
    h('h1', { tabindex: '-1' }, page.title),
    ...page.intro.map((paragraph) => h('p', { class: 'lead' }, paragraph)),
    h(
      'p',
      { class: 'start' },
      h(
        'a',
        { class: 'button primary', href: `#/learn/${next.id}` },
        seen.size === 0 ? page.start : page.continue,
      ),
      h('span', { class: 'soft' }, page.done(seen.size, LESSONS.length)),
    ),
    ...PARTS.flatMap(({ id }, at) => [h('h2', {}, page.parts[id]), lessonList(at, seen, text)]),
    h('h2', {}, page.myths),
    h('p', {}, h('a', { href: '#/learn/myths' }, page.myths), ` · ${page.mythsGist}`),
    h('h2', {}, page.teacher),
    h('p', {}, h('a', { href: '#/learn/teacher' }, page.teacher), ` · ${page.teacherGist}`),
  );
}

/** The lessons of a part, numbered through the course. */
function lessonList(
  part: number,
  seen: ReadonlyMap<LessonId, Seen>,
  { page, lessons }: CourseText,
): HTMLElement {
  const firsts = PARTS.map(({ first }) => LESSONS.findIndex(({ id }) => id === first));
  const start = firsts[part];
  return h(
    'ol',
    { class: 'lesson-list', start: start + 1 },
    ...LESSONS.slice(start, firsts[part + 1]).map(({ id }) => {
      const done = seen.get(id);
      return h(
        'li',
        {},
        h('a', { href: `#/learn/${id}` }, lessons[id].title),
        done === undefined ? null : h('span', { class: 'badge' }, `✓ ${page[done]}`),
        h('span', { class: 'soft' }, lessons[id].gist),
      );
    }),
  );
}
