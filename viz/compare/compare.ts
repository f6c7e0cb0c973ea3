import type { Cursor } from '../../sim/recording/cursor.ts';
import { numUsableBlocks } from '../../sim/recording/recording.ts';
import { grouped } from '../../sim/words.ts';
import type { ColorMode } from '../block-colors.ts';
import { BlockMap } from '../block-map.ts';
import { h } from '../dom.ts';
import type { Palette } from '../palette.ts';
import { t } from '../text/text.ts';
import { type ForkActions, ForkForm } from './fork-form.ts';
import {
  type Alignment,
  alignedStep,
  differingBlocks,
  LETTERS,
  labelOf,
  type OtherRun,
} from './other-runs.ts';
import { presetMenu } from './preset-menu.ts';
import { resultsTable } from './results-table.ts';

export interface CompareActions extends ForkActions {
  /** The run of which one is shown can go on with other settings. */
  canFork(): boolean;
  add(): void;
  /** The same requests with these fields set over the scenario's. */
  addWith(sets: readonly string[]): void;
  /** There is a scenario that fields can be set over. */
  canAdd(): boolean;
  remove(run: OtherRun): void;
  /** Goes on with that run only. */
  alone(run: OtherRun): void;
  goTo(step: number): void;
  redraw(): void;
}

const MOST_REASONS = 2;

/** One map per run on the same requests, with one cursor; what differs, and where it began. */
export class Compare {
  private readonly root: HTMLElement;
  private readonly actions: CompareActions;
  private palette: Palette;
  private mode: ColorMode = 'request';
  private readonly maps = h('div', { class: 'panes' });
  private readonly facts = h('div', { class: 'compare-facts' });
  private readonly forkForm: ForkForm;
  private readonly presets: HTMLSelectElement;
  private readonly alignment: HTMLSelectElement;
  private readonly onlyDifferences: HTMLInputElement;
  private panes: { readonly map: BlockMap; readonly title: HTMLElement; readonly figure: HTMLElement }[] = [];
  private others: readonly OtherRun[] = [];
  private base: Cursor | null = null;
  private name = '';

  constructor(root: HTMLElement, palette: Palette, actions: CompareActions) {
    this.root = root;
    this.palette = palette;
    this.actions = actions;
    this.alignment = h(
      'select',
      { 'aria-label': () => t().compare.alignment },
      h('option', { value: 'time' }, () => t().compare.sameTime),
      h('option', { value: 'step' }, () => t().compare.sameStep),
    );
    this.alignment.addEventListener('change', actions.redraw);
    this.onlyDifferences = h('input', { type: 'checkbox', id: 'only-differences' });
    this.onlyDifferences.addEventListener('change', actions.redraw);
    this.forkForm = new ForkForm(actions);
    this.presets = presetMenu(actions.addWith);
    root.replaceChildren(
      h(
        'div',
        { class: 'compare-bar' },
        h('button', { type: 'button', class: 'button', onclick: actions.add }, () => t().compare.add),
        this.presets,
        this.forkForm.opener,
        this.alignment,
        h('label', { for: 'only-differences' }, this.onlyDifferences, () => t().compare.differences),
        this.forkForm.form,
      ),
      this.maps,
      this.facts,
    );
  }

  show(base: Cursor, name: string, others: readonly OtherRun[]): void {
    const texts = t().compare;
    this.name = name;
    this.base = base;
    this.others = others;
    const runs = others.map((other) => ({ label: labelOf(other), cursor: other.cursor }));
    this.panes = [{ label: name, cursor: base }, ...runs].map(({ label, cursor }, i) => {
      const canvas = h('canvas', { role: 'img', 'aria-label': texts.blocksOf(LETTERS[i]) });
      const map = new BlockMap(canvas, this.palette);
      map.show(cursor);
      const figure = h('span', { class: 'pane-figure' });
      const title = h('span', { class: 'pane-title' }, h('b', {}, LETTERS[i]), ` ${label}`);
      const other = others[i - 1];
      const button = (face: string, name: string, act: () => void) =>
        h('button', { type: 'button', class: 'button link', 'aria-label': name, onclick: act }, face);
      const ways =
        other === undefined
          ? []
          : [
              button(texts.alone, texts.runAlone(LETTERS[i]), () => this.actions.alone(other)),
              button(texts.remove, texts.removeRun(LETTERS[i]), () => this.actions.remove(other)),
            ];
      this.maps.append(
        h(
          'div',
          { class: 'pane' },
          h('div', { class: 'pane-head' }, title, figure, ...ways),
          h('div', { class: 'map-frame' }, canvas),
        ),
      );
      return { map, title, figure };
    });
    this.maps.replaceChildren(...[...this.maps.children].slice(-this.panes.length));
    this.maps.classList.toggle('two-rows', others.length > 1);
    this.facts.replaceChildren(
      ...(others.length === 0
        ? [h('p', {}, texts.intro)]
        : [
            ...others.map((other, i) => this.firstDifference(other, LETTERS[i + 1])),
            ...resultsTable(others),
          ]),
    );
    this.restyle(this.palette, this.mode);
  }

  /** Asks for the flag that changes at the cursor's step. */
  fork(): void {
    this.forkForm.open(true);
  }

  /** The same in another language. */
  retell(): void {
    if (this.base !== null) this.show(this.base, this.name, this.others);
  }

  restyle(palette: Palette, mode: ColorMode): void {
    this.palette = palette;
    this.mode = mode;
    for (const { map } of this.panes) map.restyle(palette, mode);
  }

  /** The maps may have been out of sight, and others may have taken the cursor's changes. */
  refresh(): void {
    for (const { map } of this.panes) map.resized();
  }

  draw(step: number, block: number | null, request: number | null): void {
    const { base, others } = this;
    if (base === null || this.root.hidden) return;
    this.presets.disabled = !this.actions.canAdd();
    this.forkForm.show(this.actions.canFork() ? Math.min(step, base.numSteps - 1) : null);
    for (const { cursor, recording } of others) {
      const aligned = alignedStep(base.recording, step, recording, this.alignment.value as Alignment);
      if (cursor.step !== aligned) cursor.seek(aligned);
    }
    const first = others[0];
    const lit =
      this.onlyDifferences.checked && first !== undefined ? differingBlocks(base, first.cursor) : null;
    [base, ...others.map(({ cursor }) => cursor)].forEach((cursor, i) => {
      const { map, figure } = this.panes[i];
      const outlined =
        request === null && block !== null && block < cursor.numBlocks ? cursor.holders(block) : [];
      map.draw({
        block: block !== null && block < cursor.numBlocks ? block : null,
        request,
        outlined: request === null ? outlined : [request],
        lit: i < 2 ? lit : null,
      });
      figure.textContent = figureOf(cursor);
    });
  }

  private firstDifference(other: OtherRun, letter: string): HTMLElement {
    const texts = t().compare;
    const { diff } = other;
    if (diff.first === null) {
      return h('p', {}, h('b', {}, texts.pair(letter)), texts.alike(labelOf(other)));
    }
    const { step, decisions, reasons } = diff.first;
    const side = (i: 0 | 1) =>
      h(
        'li',
        {},
        h('b', {}, i === 0 ? 'A' : letter),
        ` ${decisions[i]}. `,
        h('small', {}, reasons[i].slice(0, MOST_REASONS).join(' ')),
      );
    return h(
      'div',
      { class: 'first-difference' },
      h(
        'p',
        {},
        texts.part(letter),
        h(
          'button',
          { type: 'button', class: 'button link', onclick: () => this.actions.goTo(step) },
          t().details.step(grouped(step)),
        ),
        ':',
      ),
      h('ul', {}, side(0), side(1)),
    );
  }
}

function figureOf({ recording, numFree, numRunning, numWaiting, step }: Cursor): string {
  const usable = Math.max(1, numUsableBlocks(recording.header));
  const use = Math.round(((usable - numFree) / usable) * 100);
  const where = step >= recording.numSteps ? t().compare.end : t().details.step(grouped(Math.max(0, step)));
  return t().compare.figure(where, use, numRunning, numWaiting);
}
