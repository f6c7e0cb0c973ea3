import type { Cursor } from '../sim/recording/cursor.ts';
import { RequestState } from '../sim/recording/events.ts';
import { grouped } from '../sim/words.ts';
import { h, say } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import { swatch } from './headline.ts';
import { arrangeRows, type KeyedRow } from './keyed-rows.ts';
import type { Palette } from './palette.ts';
import { t } from './text/text.ts';

const MAX_ROWS = 40;

/** The lists, from top to bottom. */
const RUNNING = 0;
const SWAPPED = 1;
const WAITING = 2;
const LISTS = [RUNNING, SWAPPED, WAITING] as const;

/**
 * Running requests with their progress, those that V0 swapped out, waiting ones in queue order. A row
 * stays its request's as long as that is in the list, so a step costs what it changes.
 */
export class RequestList {
  private readonly onSelect: (request: number) => void;
  private readonly headings = LISTS.map(() => h('h3'));
  private readonly lists = LISTS.map(() => h('ol'));
  private readonly more = LISTS.map(() => h('p', { class: 'more' }));
  private readonly rows: Row[][] = LISTS.map(() => []);
  private readonly counts = LISTS.map(() => new DrawnFrom());

  constructor(root: HTMLElement, onSelect: (request: number) => void) {
    this.onSelect = onSelect;
    root.replaceChildren(...LISTS.flatMap((i) => [this.headings[i], this.lists[i], this.more[i]]));
  }

  show(cursor: Cursor, palette: Palette, selected: number | null): void {
    const { running, swapped, waiting } = t().requests;
    this.fill(RUNNING, running, cursor.running(), cursor.numRunning, cursor, palette, selected);
    this.fill(SWAPPED, swapped, cursor.swapped(), cursor.numSwapped, cursor, palette, selected);
    this.fill(WAITING, waiting, cursor.waiting(), cursor.numWaiting, cursor, palette, selected);
    this.headings[SWAPPED].hidden = cursor.recording.header.v0 === undefined;
  }

  private fill(
    which: (typeof LISTS)[number],
    name: string,
    requests: IterableIterator<number>,
    total: number,
    cursor: Cursor,
    palette: Palette,
    selected: number | null,
  ): void {
    const shown = firstOf(requests, MAX_ROWS);
    const rows = arrangeRows(this.lists[which], this.rows[which], shown, () => new Row(this.onSelect));
    this.rows[which] = rows;
    for (const row of rows) row.show(cursor, which === RUNNING, palette, row.key === selected);
    const used = shown.size;
    if (!this.counts[which].differs(total, used, name)) return;
    const { heading, amounts } = t().requests;
    this.headings[which].replaceChildren(
      heading(name, grouped(total)),
      ...(which === RUNNING && total > 0 ? [h('span', { class: 'amounts' }, amounts)] : []),
    );
    this.more[which].textContent = total > used ? t().requests.more(grouped(total - used)) : '';
  }
}

/** The first of them, in order. */
function firstOf(requests: Iterable<number>, most: number): Set<number> {
  const found = new Set<number>();
  for (const request of requests) {
    if (found.size === most) break;
    found.add(request);
  }
  return found;
}

class Row implements KeyedRow {
  readonly item = h('li');
  private readonly button: HTMLButtonElement;
  private readonly mark = swatch('transparent');
  private readonly id = document.createTextNode('');
  private readonly done = h('div', { class: 'done' });
  private readonly track: HTMLElement;
  private readonly amount = document.createTextNode('');
  /** Its request. */
  key = -1;
  private readonly showsRequest = new DrawnFrom();
  private readonly showsProgress = new DrawnFrom();
  private isSelected = false;

  constructor(onSelect: (request: number) => void) {
    this.track = h('span', { class: 'track', 'aria-hidden': 'true' }, this.done);
    this.button = h(
      'button',
      { type: 'button', class: 'request', onclick: () => onSelect(this.key) },
      this.mark,
      h('span', { class: 'id' }, this.id),
      this.track,
      h('span', { class: 'amount' }, this.amount),
    );
    this.button.setAttribute('aria-pressed', 'false');
    this.item.append(this.button);
  }

  show(cursor: Cursor, running: boolean, palette: Palette, selected: boolean): void {
    this.showRequest(cursor, palette);
    this.showProgress(cursor, running);
    if (selected === this.isSelected) return;
    this.isSelected = selected;
    this.button.setAttribute('aria-pressed', String(selected));
  }

  private showRequest({ recording }: Cursor, palette: Palette): void {
    const { key: request } = this;
    if (!this.showsRequest.differs(recording, request, palette)) return;
    const { requests, requestIds } = recording;
    this.id.data = requestIds[request];
    const color = palette.request(request);
    this.mark.style.backgroundColor = color;
    this.done.style.backgroundColor = color;
    const prompt = requests.numPromptTokens[request];
    const whole = prompt + requests.maxTokens[request];
    this.track.style.setProperty('--prompt', `${(prompt / whole) * 100}%`);
  }

  private showProgress(cursor: Cursor, running: boolean): void {
    const { key: request } = this;
    const { recording } = cursor;
    const { requests, requestIds } = recording;
    const texts = t().requests;
    const computed = cursor.numComputedTokens(request);
    const scheduled = cursor.numScheduledTokens(request);
    const state = cursor.state[request];
    if (!this.showsProgress.differs(recording, request, computed, scheduled, state, texts)) return;
    const prompt = requests.numPromptTokens[request];
    const whole = prompt + requests.maxTokens[request];
    this.done.style.width = `${Math.min(100, ((computed + scheduled) / whole) * 100)}%`;
    const preempted = state === RequestState.Preempted;
    const swapped = state === RequestState.Swapped;
    const amount = running
      ? `${computed} + ${scheduled}`
      : swapped
        ? texts.onCpu(computed)
        : preempted
          ? texts.preempted
          : texts.prompt(prompt);
    say(this.amount, amount);
    const phase = running
      ? texts.runs(computed, scheduled, prompt)
      : swapped
        ? texts.isSwapped(computed)
        : texts.waits(preempted, prompt);
    this.button.title = `${requestIds[request]}: ${phase}`;
  }
}
