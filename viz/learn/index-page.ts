import { h } from '../dom.ts';
import { LESSONS } from './course.ts';
import { progress } from './progress.ts';
import type { CourseText } from './text.ts';

/** The list of lessons, and how far one is. */
export function indexPage({ page, lessons }: CourseText): HTMLElement {
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
    h('h2', {}, page.lessons),
    h(
      'ol',
      { class: 'lesson-list' },
      ...LESSONS.map(({ id }) => {
        const done = seen.get(id);
        return h(
          'li',
          {},
          h('a', { href: `#/learn/${id}` }, lessons[id].title),
          done === undefined ? null : h('span', { class: 'badge' }, `✓ ${page[done]}`),
          h('span', { class: 'soft' }, lessons[id].gist),
        );
      }),
    ),
    h('h2', {}, page.myths),
    h('p', {}, h('a', { href: '#/learn/myths' }, page.myths), ` · ${page.mythsGist}`),
    h('p', {}, h('a', { href: '#/learn/teacher' }, page.teacher), ` · ${page.teacherGist}`),
  );
}
