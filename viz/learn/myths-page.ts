import { h } from '../dom.ts';
import type { LessonId } from './course.ts';
import type { Laboratory } from './laboratory.ts';
import { LESSON_OF, MYTHS } from './myths.ts';
import { playLink } from './play-link.ts';
import type { CourseText } from './text.ts';

/** What people say, tried while one reads. */
export function mythsPage(text: CourseText, laboratory: Laboratory): HTMLElement {
  const { page, lessons } = text;
  const items = MYTHS.map((id) => {
    const { claim, source, predicts, found } = text.myths[id];
    const verdict = h('span', { class: 'badge' }, page.running);
    const shown = h('dd', {}, page.running);
    const links = h('p', { class: 'form-buttons' });
    const lesson = LESSON_OF[id] as LessonId | undefined;
    if (lesson) links.append(h('a', { href: `#/learn/${lesson}` }, page.seeLesson(lessons[lesson].title)));
    laboratory.myth(id).then(
      ({ holds, facts, scenario }) => {
        verdict.textContent = holds ? page.holds : page.fails;
        verdict.classList.add(holds ? 'holds' : 'fails');
        shown.textContent = found(facts);
        if (scenario) links.append(h('a', { href: playLink(scenario) }, page.runIt));
      },
      () => {
        verdict.textContent = page.fault;
      },
    );
    return h(
      'section',
      { class: 'myth' },
      h('h2', {}, claim),
      verdict,
      h(
        'dl',
        {},
        h('dt', {}, page.source),
        h('dd', {}, source),
        h('dt', {}, page.ifTrue),
        h('dd', {}, predicts),
        h('dt', {}, page.found),
        shown,
      ),
      links,
    );
  });
  return h(
    'article',
    { class: 'learn-page' },
    h('p', { class: 'crumbs' }, h('a', { href: '#/learn' }, page.allLessons)),
    h('h1', { tabindex: '-1' }, page.myths),
    ...page.mythsIntro.map((paragraph) => h('p', {}, paragraph)),
    ...items,
  );
}
