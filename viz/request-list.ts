import type { Cursor } from '../sim/recording/cursor.ts';
import { RequestState } from '../sim/recording/recording.ts';
import { h } from './dom.ts';
import { swatch } from './headline.ts';
import type { Palette } from './palette.ts';

const MAX_ROWS = 40;

/** Running requests with their progress, waiting ones in queue order. Rows are reused from step to step. */
export class RequestList {
  private readonly onSelect: (request: number) => void;
  private readonly headings: [HTMLElement, HTMLElement];
  private readonly lists: [HTMLElement, HTMLElement];
  private readonly more: [HTMLElement, HTMLElement];
  private readonly rows: [Row[], Row[]] = [[], []];

  constructor(root: HTMLElement, onSelect: (request: number) => void) {
    this.onSelect = onSelect;
    this.headings = [h('h3'), h('h3')];
    this.lists = [h('ol'), h('ol')];
    this.more = [h('p', { class: 'more' }), h('p', { class: 'more' })];
    root.replaceChildren(...[0, 1].flatMap((i) => [this.headings[i], this.lists[i], this.more[i]]));
  }

  show(cursor: Cursor, palette: Palette, selected: number | null): void {
    this.fill(0, 'Running', cursor.running(), cursor.numRunning, cursor, palette, selected);
    this.fill(1, 'Waiting', cursor.waiting(), cursor.numWaiting, cursor, palette, selected);
  }

  private fill(
    which: 0 | 1,
    name: string,
    requests: IterableIterator<number>,
    total: number,
    cursor: Cursor,
    palette: Palette,
    selected: number | null,
  ): void {
    this.headings[which].textContent = `${name} (${total.toLocaleString('en-US')})`;
    const rows = this.rows[which];
    let used = 0;
    for (const request of requests) {
      if (used === MAX_ROWS) break;
      if (used === rows.length) {
        const row = new Row((clicked) => this.onSelect(clicked));
        rows.push(row);
        this.lists[which].append(row.item);
      }
      rows[used++].show(cursor, request, which === 0, palette, request === selected);
    }
    for (let i = used; i < rows.length; i++) rows[i].item.hidden = true;
    this.more[which].textContent = total > used ? `and ${(total - used).toLocaleString('en-US')} more` : '';
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
    this.amount.textContent = running
      ? `${computed} + ${scheduled}`
      : preempted
        ? 'preempted'
        : `${prompt} prompt`;
    const phase = running
      ? `${computed} tokens computed, ${scheduled} in this step, prompt of ${prompt}`
      : `${preempted ? 'preempted, waiting again' : 'waiting'} with a prompt of ${prompt} tokens`;
    this.button.title = `${requestIds[request]}: ${phase}`;
  }
}
