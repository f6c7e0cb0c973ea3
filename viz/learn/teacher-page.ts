import { h } from '../dom.ts';
import { embedCode } from '../share/embed-code.ts';
import { languageNow } from '../text/text.ts';
import { lessonAddress } from './address.ts';
import { LESSONS, type Lesson } from './course.ts';
import type { Laboratory } from './laboratory.ts';
import type { Outcome } from './outcome.ts';
import type { CourseText } from './text.ts';
import { VERSION } from './version.ts';

const EMBED_WIDTH = 800;
const EMBED_HEIGHT = 600;

/** For whoever teaches: questions with their answers, links that say their version, and the code of each figure. */
export function teacherPage(text: CourseText, laboratory: Laboratory): HTMLElement {
  const { page } = text;
  return h(
    'article',
    { class: 'learn-page teacher' },
    h('p', { class: 'crumbs' }, h('a', { href: '#/learn' }, page.allLessons)),
    h('h1', { tabindex: '-1' }, page.teacher),
    ...page.teacherIntro.map((paragraph) => h('p', {}, paragraph)),
    ...LESSONS.map((lesson, at) => lessonPart(lesson, at, text, laboratory)),
  );
}

function lessonPart(lesson: Lesson, at: number, text: CourseText, laboratory: Laboratory): HTMLElement {
  const { page, eras } = text;
  const words = text.lessons[lesson.id];
  const answers = h('dd', {}, page.running);
  const discussed = h('dd', {}, page.running);
  const tell = ({ facts, answer }: Outcome) => {
    const inWords = words.choices?.[answer] ?? `${answer} ${words.unit ?? ''}`.trim();
    answers.replaceChildren(h('b', {}, inWords), ` · ${words.result(facts)}`);
    discussed.replaceChildren(words.answer(facts));
  };
  laboratory.lesson(lesson.id, lesson.knob?.start ?? 0).then(tell, () => answers.replaceChildren(page.fault));
  const choices =
    lesson.asks === 'number' ? [] : lesson.asks.map((choice) => words.choices?.[choice] ?? choice);
  const address = (embed: boolean) =>
    `${location.href.split('#')[0]}${lessonAddress(lesson, { embed, version: VERSION, language: languageNow() })}`;
  const code = (value: string, label: string) =>
    h('input', {
      type: 'text',
      readonly: true,
      value,
      'aria-label': `${label}: ${words.title}`,
      spellcheck: 'false',
    });
  return h(
    'section',
    { class: 'myth' },
    h('h2', {}, h('a', { href: `#/learn/${lesson.id}` }, `${at + 1}. ${words.title}`)),
    h('p', { class: 'soft' }, page.holdsFor(lesson.eras.map((era) => eras[era]))),
    h(
      'dl',
      {},
      h('dt', {}, page.predict),
      h('dd', {}, [words.ask, ...choices.map((choice) => `○ ${choice}`)].join(' ')),
      h('dt', {}, page.showAnswer),
      answers,
      h('dt', {}, page.question),
      h('dd', {}, words.question),
      h('dt', {}, page.showAnswer),
      discussed,
      h('dt', { class: 'on-screen' }, page.pinnedLink),
      h('dd', { class: 'on-screen' }, code(address(false), page.pinnedLink)),
      h('dt', { class: 'on-screen' }, page.figureCode),
      h(
        'dd',
        { class: 'on-screen' },
        code(embedCode(address(true), words.title, EMBED_WIDTH, EMBED_HEIGHT), page.figureCode),
      ),
    ),
  );
}
