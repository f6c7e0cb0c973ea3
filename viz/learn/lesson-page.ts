import { h } from '../dom.ts';
import { LESSONS, type Lesson } from './course.ts';
import { drawFigure } from './figures/figure.ts';
import { knobRow } from './knob-row.ts';
import type { Laboratory } from './laboratory.ts';
import type { Outcome } from './outcome.ts';
import { playLink } from './play-link.ts';
import { remember } from './progress.ts';
import { questionForm } from './question.ts';
import type { CourseText } from './text.ts';

/** A lesson: text, a prediction, then what the engine says. */
export function lessonPage(lesson: Lesson, text: CourseText, laboratory: Laboratory): HTMLElement {
  const { page, eras } = text;
  const words = text.lessons[lesson.id];
  const at = LESSONS.indexOf(lesson);
  const start = laboratory.lesson(lesson.id, lesson.knob?.start ?? 0);
  const before = h('div', {});
  const reveal = h('section', { class: 'reveal' });
  reveal.hidden = true;
  const form = questionForm(lesson, words, text, (said) => {
    remember(lesson.id, said === null ? 'read' : 'predicted');
    for (const field of form.querySelectorAll('input, button')) field.setAttribute('disabled', '');
    reveal.hidden = false;
    void show(reveal, lesson, text, said, start, laboratory);
  });
  start.then(
    (outcome) => {
      if (outcome.before) before.append(drawFigure(outcome.before, '', text));
    },
    () => {},
  );
  return h(
    'article',
    { class: 'learn-page' },
    h(
      'p',
      { class: 'crumbs' },
      h('a', { href: '#/learn' }, page.allLessons),
      h('span', {}, page.lesson(at + 1, LESSONS.length)),
      h('span', { class: 'era' }, page.holdsFor(lesson.eras.map((era) => eras[era]))),
    ),
    h('h1', { tabindex: '-1' }, words.title),
    ...words.text.map((paragraph) => h('p', {}, paragraph)),
    before,
    form,
    reveal,
    sheet(words.question, text),
    h('button', { type: 'button', class: 'button link print-button', onclick: () => print() }, page.print),
    neighbours(at, text),
  );
}

/** What paper has in place of the reveal: room for a reason, and the last question with room for an answer. */
function sheet(question: string, { page }: CourseText): HTMLElement {
  const lines = (count: number) => Array.from({ length: count }, () => h('i', {}));
  return h(
    'section',
    { class: 'paper' },
    h('p', {}, page.because),
    ...lines(3),
    h('p', {}, h('b', {}, question)),
    ...lines(4),
  );
}

function neighbours(at: number, { page, lessons }: CourseText): HTMLElement {
  const link = (index: number, name: string) =>
    index in LESSONS
      ? h(
          'a',
          { href: `#/learn/${LESSONS[index].id}` },
          h('small', {}, name),
          lessons[LESSONS[index].id].title,
        )
      : h('span', {});
  const last = at === LESSONS.length - 1;
  return h(
    'nav',
    { class: 'neighbours', 'aria-label': page.lessons },
    link(at - 1, page.previous),
    last ? h('a', { href: '#/learn/myths' }, h('small', {}, page.next), page.myths) : link(at + 1, page.next),
  );
}

async function show(
  into: HTMLElement,
  lesson: Lesson,
  text: CourseText,
  said: string | null,
  start: Promise<Outcome>,
  laboratory: Laboratory,
): Promise<void> {
  const { page } = text;
  const words = text.lessons[lesson.id];
  const heading = h('h2', { tabindex: '-1', class: 'verdict-line' }, page.running);
  into.replaceChildren(heading);
  heading.focus();
  let outcome: Outcome;
  try {
    outcome = await start;
  } catch {
    heading.textContent = page.fault;
    return;
  }
  const isRight = said === String(outcome.answer);
  const saidInWords = said === null ? '' : (words.choices?.[said] ?? `${said} ${words.unit ?? ''}`.trim());
  heading.textContent = said === null ? page.skipped : isRight ? page.right : page.wrong(saidInWords);
  if (said !== null) heading.classList.add(isRight ? 'is-right' : 'is-wrong');
  const told = h('div', { 'aria-live': 'polite' });
  const picture = h('div', {});
  const link = h('a', { class: 'button' }, page.tryIt);
  const tell = ({ facts, figure, scenario, beside }: Outcome) => {
    told.replaceChildren(
      h('p', { class: 'result' }, words.result(facts)),
      ...words.reveal(facts).map((paragraph) => h('p', {}, paragraph)),
    );
    const wasOpen = picture.querySelector('details')?.open ?? false;
    picture.replaceChildren(drawFigure(figure, words.caption, text));
    picture.querySelector('details')!.open = wasOpen;
    link.setAttribute('href', playLink(scenario, beside));
  };
  const turned = (value: number) => void laboratory.lesson(lesson.id, value).then(tell);
  tell(outcome);
  into.append(
    told,
    picture,
    ...(lesson.knob && words.knob ? [knobRow(lesson.knob, lesson.knob.start, words.knob, text, turned)] : []),
    h('p', {}, link),
    h(
      'section',
      { class: 'last-question' },
      h('p', { class: 'step-name' }, page.question),
      h('p', {}, words.question),
      h('details', {}, h('summary', {}, page.showAnswer), h('p', {}, words.answer(outcome.facts))),
    ),
  );
  // Who reads by ear hears the verdict, which has replaced the wait.
  heading.focus();
}
