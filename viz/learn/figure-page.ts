import { h } from '../dom.ts';
import { type CourseAddress, lessonAddress } from './address.ts';
import type { Lesson } from './course.ts';
import { type FigureMessage, figureMessageOf, figureStateMessage } from './figure-messages.ts';
import { drawFigure } from './figures/figure.ts';
import { knobRow } from './knob-row.ts';
import type { Laboratory } from './laboratory.ts';
import type { Outcome } from './outcome.ts';
import type { CourseText } from './text.ts';

/** What the page around said last reaches this; one figure is shown at a time. */
let obey: ((message: FigureMessage) => void) | null = null;

window.addEventListener('message', ({ source, data }) => {
  const message = source === window.parent && source !== window ? figureMessageOf(data) : null;
  if (message !== null) obey?.(message);
});

/** A lesson's figure alone, for slides: first the question and what must be seen, then what came out. */
export function figurePage(
  lesson: Lesson,
  address: CourseAddress,
  text: CourseText,
  laboratory: Laboratory,
): HTMLElement {
  const { page } = text;
  const words = text.lessons[lesson.id];
  const knobs = lesson.knob?.values ?? [];
  let knob = address.knob ?? lesson.knob?.start ?? 0;
  let revealed = false;
  const picture = h('div', { 'aria-live': 'polite' });
  const controls = h('div', {});

  const tell = () => {
    if (window.parent === window) return;
    const state = { lesson: lesson.id, knob: knobs.length === 0 ? null : knob, knobs, revealed };
    window.parent.postMessage(figureStateMessage(state), '*');
  };
  const draw = ({ facts, before, figure }: Outcome) => {
    if (!revealed) {
      const shown = before ? [drawFigure(before, '', text)] : [];
      picture.replaceChildren(h('p', { class: 'result' }, words.ask), ...shown);
    } else {
      picture.replaceChildren(
        h('p', { class: 'result' }, words.result(facts)),
        drawFigure(figure, words.caption, text),
      );
    }
    tell();
  };
  const show = () => {
    const asked = knob;
    laboratory.lesson(lesson.id, asked).then(
      (outcome) => asked === knob && draw(outcome),
      () => picture.replaceChildren(page.fault),
    );
  };
  const drawControls = () => {
    if (!revealed) {
      controls.replaceChildren(
        h('button', { type: 'button', class: 'button primary', onclick: reveal }, page.check),
      );
    } else if (lesson.knob && words.knob) {
      controls.replaceChildren(knobRow(lesson.knob, knob, words.knob, text, turn));
    } else controls.replaceChildren();
  };
  const reveal = () => {
    revealed = true;
    drawControls();
    controls.querySelector('input')?.focus();
    show();
  };
  const turn = (value: number) => {
    knob = value;
    show();
  };
  obey = (message) => {
    if (message.type === 'state?') tell();
    else if (message.type === 'reveal') reveal();
    else if (message.type === 'knob' && knobs.includes(message.value)) {
      knob = message.value;
      drawControls();
      show();
    }
  };
  drawControls();
  picture.replaceChildren(page.running);
  show();
  return h(
    'article',
    { class: 'learn-page' },
    h('h1', { tabindex: '-1' }, words.title),
    picture,
    controls,
    h('p', {}, h('a', { href: lessonAddress(lesson), target: '_blank', rel: 'noopener' }, page.wholeLesson)),
  );
}
