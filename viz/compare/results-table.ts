import { grouped } from '../../sim/words.ts';
import { h } from '../dom.ts';
import { t } from '../text/text.ts';
import type { OtherRun } from './other-runs.ts';

/** The results of A and of the runs beside it that are not equal in all; empty if none are. */
export function resultsTable(others: readonly OtherRun[]): HTMLElement[] {
  const rows = others[0].diff.results
    .map(({ name, values: [base] }, i) => ({
      name,
      values: [base, ...others.map(({ diff }) => diff.results[i].values[1])],
    }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
  if (rows.length === 0) return [];
  const head = [t().compare.result, 'A', ...others.map((_, i) => 'BCD'[i])];
  const table = h(
    'div',
    { class: 'results' },
    h(
      'table',
      {},
      h('caption', {}, t().compare.results),
      h('thead', {}, h('tr', {}, ...head.map((cell) => h('th', { scope: 'col' }, cell)))),
      h(
        'tbody',
        {},
        ...rows.map(({ name, values }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            ...values.map((value, i) => h('td', {}, shown(value), i === 0 ? null : change(values[0], value))),
          ),
        ),
      ),
    ),
  );
  return [table];
}

/** A number as people read it. */
export function shown(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return grouped(value);
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
}

function change(base: number | null, value: number | null): HTMLElement | null {
  if (base === null || value === null || base === 0 || base === value) return null;
  const percent = ((value - base) / base) * 100;
  return h('small', {}, ` ${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(0)} %`);
}
