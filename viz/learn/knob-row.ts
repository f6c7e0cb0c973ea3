import { h } from '../dom.ts';
import type { Knob } from './course.ts';
import type { CourseText, LessonText } from './text.ts';

/** The slider of a lesson; `turned` is told its new value. */
export function knobRow(
  { values }: Knob,
  start: number,
  { label, unit }: NonNullable<LessonText['knob']>,
  { page }: CourseText,
  turned: (value: number) => void,
): HTMLElement {
  const output = h('output', {}, unit(start));
  const input = h('input', {
    type: 'range',
    min: '0',
    max: String(values.length - 1),
    step: '1',
    value: String(values.indexOf(start)),
    'aria-label': label,
    'aria-valuetext': unit(start),
  });
  input.addEventListener('input', () => {
    const value = values[Number(input.value)];
    output.textContent = unit(value);
    input.setAttribute('aria-valuetext', unit(value));
    turned(value);
  });
  return h(
    'div',
    { class: 'knob-row' },
    h('span', { class: 'step-name' }, page.change),
    h('label', {}, h('span', {}, label), output, input),
  );
}
