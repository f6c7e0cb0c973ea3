import { h } from '../../dom.ts';
import { dec, int, percent } from '../numbers.ts';
import type { Bars, Cell, Figure, Frames, Measures, Part } from '../outcome.ts';
import { type CourseText, say } from '../text.ts';

/**
 * A figure: the picture, hidden from screen readers, and the same as a table that everybody can open. Colours come
 * from classes, so both themes draw themselves.
 */
export function drawFigure(figure: Figure, caption: string, words: CourseText): HTMLElement {
  const picture = h('div', { class: `picture ${figure.kind}`, 'aria-hidden': 'true' });
  if (figure.kind === 'bars') picture.append(...bars(figure, words));
  else if (figure.kind === 'frames') picture.append(...frames(figure, words));
  else picture.append(measures(figure, words));
  return h(
    'figure',
    { class: 'figure' },
    picture,
    caption === '' ? null : h('figcaption', {}, caption),
    h('details', { class: 'numbers' }, h('summary', {}, words.page.numbers), tableOf(figure, words)),
  );
}

function bars({ rows, unit }: Bars, words: CourseText): Node[] {
  const sum = (parts: Bars['rows'][number]['parts']) => parts.reduce((total, { value }) => total + value, 0);
  const most = Math.max(...rows.map(({ parts }) => sum(parts)));
  const drawn = rows.map(({ label, parts }) => {
    const bar = h('div', { class: 'bar-parts' });
    for (const { part, value } of parts) {
      if (value === 0) continue;
      const piece = h('span', { class: `part part-${part}` });
      piece.style.width = `${(100 * value) / most}%`;
      if (value / most > 0.11) piece.append(amount(value, unit));
      bar.append(piece);
    }
    return h('div', { class: 'bar-row' }, h('span', { class: 'row-label' }, say(words, label)), bar);
  });
  const present = new Set(rows.flatMap(({ parts }) => parts.map(({ part }) => part)));
  return [...drawn, legend([...present].map((part) => [`part-${part}`, words.parts[part]]))];
}

function amount(value: number, unit: Bars['unit']): string {
  if (unit === 'slots') return int(value);
  return unit === 'share' ? percent(value) : `${dec(value)} GiB`;
}

function legend(entries: readonly (readonly [className: string, label: string])[]): HTMLElement {
  return h(
    'div',
    { class: 'legend' },
    ...entries.map(([className, label]) => h('span', {}, h('i', { class: `sample ${className}` }), label)),
  );
}

function frames({ frames }: Frames, words: CourseText): Node[] {
  const drawn = frames.map(({ caption, rows }) =>
    h(
      'div',
      { class: 'frame' },
      h('p', { class: 'frame-caption' }, say(words, caption)),
      ...rows.map(({ label, cells }) =>
        h(
          'div',
          { class: 'cell-row' },
          h('span', { class: 'row-label' }, say(words, label)),
          h('span', { class: 'cells' }, ...cells.map(cellOf)),
        ),
      ),
    ),
  );
  const cells = frames.flatMap(({ rows }) => rows.flatMap((row) => row.cells));
  const states = [...new Set(cells.map(({ state }) => state))].filter((state) => state in words.states);
  const held = cells.find(({ state }) => state === 'used');
  return [
    ...drawn,
    legend(
      states.map((state) => [
        `cell state-${state}${state === 'used' ? ownerClass(held?.owner) : ''}`,
        words.states[state],
      ]),
    ),
  ];
}

function ownerClass(owner = 0): string {
  return ` owner-${owner % 4}`;
}

/** In which half of the block its text stands, so that all of it lies on one colour. */
function textSide(fill: number): string {
  return fill === 1 ? '' : fill >= 0.5 ? ' text-below' : ' text-above';
}

function cellOf({ state, owner, fill = 1, text = '', marked }: Cell): HTMLElement {
  const color = owner === undefined || state === 'shared' ? '' : ownerClass(owner);
  const filled = h('i', { class: 'fill' });
  filled.style.height = `${100 * fill}%`;
  const isHeld = state === 'used' || state === 'shared';
  return h(
    'span',
    {
      class: `cell state-${state}${color}${state === 'used' ? textSide(fill) : ''}${marked ? ' marked' : ''}`,
    },
    isHeld ? filled : null,
    h('b', {}, text),
  );
}

function measures({ columns, rows, oneScale = false }: Measures, words: CourseText): HTMLElement {
  const largest = (i: number) => Math.max(...rows.map(({ values }) => values[i]), Number.MIN_VALUE);
  const ofAll = Math.max(...columns.map((_, i) => largest(i)));
  // Shares are drawn on the scale that they have.
  const most = columns.map(({ unit }, i) => (unit === 'share' ? 1 : oneScale ? ofAll : largest(i)));
  const grid = h('div', { class: 'measure-grid' });
  grid.style.gridTemplateColumns = `auto repeat(${columns.length}, minmax(0, 1fr))`;
  grid.append(
    h('span', {}),
    ...columns.map(({ label }) => h('span', { class: 'measure-head' }, say(words, label))),
  );
  for (const { label, values, marked } of rows) {
    grid.append(h('span', { class: `row-label${marked ? ' is-marked' : ''}` }, say(words, label)));
    values.forEach((value, i) => {
      const bar = h('i', { class: 'measure-bar' });
      bar.style.width = `${(100 * value) / most[i]}%`;
      grid.append(
        h(
          'span',
          { class: 'measure' },
          bar,
          h('span', { class: 'measure-value' }, written(value, columns[i].unit)),
        ),
      );
    });
  }
  return grid;
}

function written(value: number, unit: Measures['columns'][number]['unit']): string {
  if (unit === 'share') return percent(value);
  if (unit === 'count') return int(value);
  if (unit === 'milliseconds') return `${value < 100 ? dec(value) : int(value)} ms`;
  if (unit === 'seconds') return `${dec(value, value < 10 ? 2 : 1)} s`;
  if (unit === 'gib') return `${dec(value)} GiB`;
  if (unit === 'kib') return `${int(value)} KiB`;
  return `${int(value)}/s`;
}

/** The numbers of a figure, for everybody and for those who do not see it. */
function tableOf(figure: Figure, words: CourseText): HTMLElement {
  const row = (head: string, cells: readonly string[]) =>
    h('tr', {}, h('th', { scope: 'row' }, head), ...cells.map((cell) => h('td', {}, cell)));
  const head = (cells: readonly string[]) =>
    h('thead', {}, h('tr', {}, h('td', {}), ...cells.map((cell) => h('th', { scope: 'col' }, cell))));
  if (figure.kind === 'measures') {
    const { columns, rows } = figure;
    return h(
      'table',
      {},
      head(columns.map(({ label }) => say(words, label))),
      h(
        'tbody',
        {},
        ...rows.map(({ label, values }) =>
          row(
            say(words, label),
            values.map((value, i) => written(value, columns[i].unit)),
          ),
        ),
      ),
    );
  }
  if (figure.kind === 'bars') {
    const parts = [...new Set(figure.rows.flatMap((each) => each.parts.map(({ part }) => part)))];
    const sumOf = (each: Bars['rows'][number], wanted: Part) =>
      each.parts.reduce((sum, { part, value }) => (part === wanted ? sum + value : sum), 0);
    return h(
      'table',
      {},
      head(parts.map((part) => words.parts[part])),
      h(
        'tbody',
        {},
        ...figure.rows.map((each) =>
          row(
            say(words, each.label),
            parts.map((part) => amount(sumOf(each, part), figure.unit)),
          ),
        ),
      ),
    );
  }
  return h(
    'ol',
    {},
    ...figure.frames.map(({ caption, rows }) =>
      h(
        'li',
        {},
        `${say(words, caption)} `,
        ...rows.map(
          ({ label, cells }) =>
            `${say(words, label)}: ${cells.map((cell) => told(cell, words)).join(', ')}. `,
        ),
      ),
    ),
  );
}

/** A cell in words: "3 A, half full". */
function told({ state, owner, fill = 1, text, marked }: Cell, words: CourseText): string {
  const parts = [text ?? ''];
  if (state === 'used' && owner !== undefined) parts.push(say(words, ['owner', owner]));
  else if (state in words.states) parts.push(words.states[state]);
  if (fill < 1 && fill > 0) parts.push(percent(fill, 0));
  if (marked) parts.push('←');
  return parts.filter((part) => part !== '').join(' ');
}
