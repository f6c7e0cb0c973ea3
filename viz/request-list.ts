import type { Cursor } from '../sim/recording/cursor.ts';
import { RequestState } from '../sim/recording/recording.ts';
import { h } from './dom.ts';
import { swatch } from './headline.ts';
import type { Palette } from './palette.ts';
import { t } from './text/text.ts';

const MAX_ROWS = 40;

/** The lists, from top to bottom. */
const RUNNING = 0;
const SWAPPED = 1;
const WAITING = 2;
const LISTS = [RUNNING, SWAPPED, WAITING] as const;

/**
 * Running requests with their progress, those that V0 swapped out, waiting ones in queue order. Rows are reused
 * from step to step.
 */
export class RequestList {
  private readonly onSelect: (request: number) => void;
  private readonly headings = LISTS.map(() => h('h3'));
  private readonly lists = LISTS.map(() => h('ol'));
  private readonly more = LISTS.map(() => h('p', { class: 'more' }));
  private readonly rows: Row[][] = LISTS.map(() => []);

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
    this.headings[which].textContent = t().requests.heading(name, total.toLocaleString('en-US'));
    const rows = this.rows[which];
    let used = 0;
    for (const request of requests) {
      if (used === MAX_ROWS) break;
      if (used === rows.length) {
        const row = new Row((clicked) => this.onSelect(clicked));
        rows.push(row);
        this.lists[which].append(row.item);
      }
      rows[used++].show(cursor, request, which === RUNNING, palette, request === selected);
    }
    for (let i = used; i < rows.length; i++) rows[i].item.hidden = true;
    this.more[which].textContent =
      total > used ? t().requests.more((total - used).toLocaleString('en-US')) : '';
  }
}

class Row {
  readonly item = h('li');
  private readonly button: HTMLButtonElement;
  private readonly mark = swatch('transparent');
  private readonly id = h('span', { class: 'id' });
  private readonly done = h('div', { class: 'done' });
  private readonly track: HTMLElement;
  private readonly amount = h('span', { class: 'amount' });
  private request = -1;

  constructor(onSelect: (request: number) => void) {
    this.track = h('span', { class: 'track', 'aria-hidden': 'true' }, this.done);
    this.button = h(
      'button',
      { type: 'button', class: 'request', onclick: () => onSelect(this.request) },
      this.mark,
      this.id,
      this.track,
      this.amount,
    );
    this.item.append(this.button);
  }

  show(cursor: Cursor, request: number, running: boolean, palette: Palette, selected: boolean): void {
    const { requests, requestIds } = cursor.recording;
    const texts = t().requests;
    this.item.hidden = false;
    this.request = request;
    this.id.textContent = requestIds[request];
    this.button.setAttribute('aria-pressed', String(selected));
    const color = palette.request(request);
    this.mark.style.backgroundColor = color;
    const prompt = requests.numPromptTokens[request];
    const whole = prompt + requests.maxTokens[request];
    const computed = cursor.numComputedTokens(request);
    const scheduled = cursor.numScheduledTokens(request);
    this.done.style.width = `${Math.min(100, ((computed + scheduled) / whole) * 100)}%`;
    this.done.style.backgroundColor = color;
    this.track.style.setProperty('--prompt', `${(prompt / whole) * 100}%`);
    const preempted = cursor.state[request] === RequestState.Preempted;
    const swapped = cursor.state[request] === RequestState.Swapped;
    this.amount.textContent = running
      ? `${computed} + ${scheduled}`
      : swapped
        ? texts.onCpu(computed)
        : preempted
          ? texts.preempted
          : texts.prompt(prompt);
    const phase = running
      ? texts.runs(computed, scheduled, prompt)
      : swapped
        ? texts.isSwapped(computed)
        : texts.waits(preempted, prompt);
    this.button.title = `${requestIds[request]}: ${phase}`;
  }
}
