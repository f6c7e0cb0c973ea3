import { h } from '../dom.ts';
import type { Lesson } from './course.ts';
import type { CourseText, LessonText } from './text.ts';

/** The question of a lesson; `answered` is told the prediction, or null by whom does not want to guess. */
export function questionForm(
  { asks, id }: Lesson,
  words: LessonText,
  { page }: CourseText,
  answered: (said: string | null) => void,
): HTMLFormElement {
  const form = h('form', { class: 'question', autocomplete: 'off' });
  form.append(h('p', { class: 'step-name' }, page.predict));
  if (asks === 'number') {
    form.append(
      h('label', { for: `predict-${id}` }, words.ask),
      h(
        'p',
        { class: 'number-row' },
        h('input', {
          id: `predict-${id}`,
          name: 'said',
          type: 'number',
          inputmode: 'numeric',
          min: '0',
          max: '100000',
          required: true,
        }),
        h('span', { class: 'soft' }, words.unit ?? ''),
      ),
    );
  } else {
    form.append(
      h(
        'fieldset',
        {},
        h('legend', {}, words.ask),
        ...asks.map((choice) =>
          h(
            'label',
            { class: 'choice' },
            h('input', { type: 'radio', name: 'said', value: choice, required: true }),
            words.choices?.[choice] ?? choice,
          ),
        ),
      ),
    );
  }
  form.append(
    h(
      'p',
      { class: 'form-buttons' },
      h('button', { type: 'submit', class: 'button primary' }, page.check),
      h('button', { type: 'button', class: 'button link', onclick: () => answered(null) }, page.skip),
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    answered(String(new FormData(form).get('said')));
  });
  return form;
}
