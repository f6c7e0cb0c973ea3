import { grouped } from '../sim/words.ts';
import { h, icon } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import type { EventName, EventSteps } from './event-steps.ts';
import { t } from './text/text.ts';

/** Steps per second. */
export const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 500, 2000];
export const DEFAULT_SPEED = 10;

/** Outlines on a grid of 24 × 24. */
const ICONS = {
  play: 'M7 4.5v15l12-7.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  start: 'M5 5h2.4v14H5zM17 5l2 2-5 5 5 5-2 2-7-7z',
  back: 'M14 5l2 2-5 5 5 5-2 2-7-7z',
  forward: 'M10 5l-2 2 5 5-5 5 2 2 7-7z',
  end: 'M16.6 5H19v14h-2.4zM7 5l-2 2 5 5-5 5 2 2 7-7z',
  // An exclamation mark beside the arrow: where something happens.
  previousEvent: 'M11 5l2 2-5 5 5 5-2 2-7-7zM16.5 5H19v9h-2.5zM16.5 16.5H19V19h-2.5z',
  nextEvent: 'M13 5l-2 2 5 5-5 5 2 2 7-7zM5 5h2.5v9H5zM5 16.5h2.5V19H5z',
} as const;

export interface TransportActions {
  toggle(): void;
  stepBy(steps: number): void;
  jump(where: 'start' | 'end'): void;
  jumpToEvent(direction: 1 | -1): void;
  chooseEvent(event: EventName): void;
  faster(by: 1 | -1): void;
}

/** Play, pause, step, speed. */
export class Transport {
  private readonly play: HTMLButtonElement;
  private readonly speed: HTMLElement;
  private readonly position: HTMLElement;
  private readonly kinds: HTMLSelectElement;
  private readonly kindsShow = new DrawnFrom();
  private readonly playShows = new DrawnFrom();
  private readonly speedShows = new DrawnFrom();
  private readonly positionShows = new DrawnFrom();

  constructor(root: HTMLElement, actions: TransportActions) {
    const button = (face: Node | string, label: () => string, action: () => void, extra = '') =>
      h(
        'button',
        { type: 'button', class: `button icon ${extra}`, 'aria-label': label, title: label, onclick: action },
        face,
      );
    this.play = button('', () => t().transport.play, actions.toggle, 'primary');
    this.kinds = h('select', { 'aria-label': () => t().transport.kind, title: () => t().transport.kind });
    this.kinds.addEventListener('change', () => actions.chooseEvent(this.kinds.value as EventName));
    this.speed = h('span', { class: 'speed' });
    this.position = h('span', { class: 'position' });
    root.replaceChildren(
      this.play,
      button(
        icon(ICONS.start),
        () => t().transport.start,
        () => actions.jump('start'),
      ),
      button(
        icon(ICONS.back),
        () => t().transport.back,
        () => actions.stepBy(-1),
      ),
      button(
        icon(ICONS.forward),
        () => t().transport.on,
        () => actions.stepBy(1),
      ),
      button(
        icon(ICONS.end),
        () => t().transport.end,
        () => actions.jump('end'),
      ),
      button(
        icon(ICONS.previousEvent),
        () => t().transport.previousEvent,
        () => actions.jumpToEvent(-1),
      ),
      button(
        icon(ICONS.nextEvent),
        () => t().transport.nextEvent,
        () => actions.jumpToEvent(1),
      ),
      this.kinds,
      h(
        'span',
        { class: 'rate' },
        button(
          '−',
          () => t().transport.slower,
          () => actions.faster(-1),
        ),
        this.speed,
        button(
          '+',
          () => t().transport.faster,
          () => actions.faster(1),
        ),
      ),
      this.position,
    );
  }

  /** The kinds of events that the run has. */
  showEvents(events: EventSteps, chosen: EventName): void {
    if (!this.kindsShow.differs(events, chosen, t())) return;
    this.kinds.replaceChildren(
      ...[...events].map(([name, steps]) =>
        h('option', { value: name }, `${t().events[name]} (${grouped(steps.length)})`),
      ),
    );
    this.kinds.value = chosen;
  }

  show(playing: boolean, speed: number, step: number, numSteps: number): void {
    const texts = t().transport;
    if (this.playShows.differs(playing, texts)) {
      this.play.replaceChildren(icon(playing ? ICONS.pause : ICONS.play));
      this.play.setAttribute('aria-label', playing ? texts.pause : texts.play);
    }
    if (this.speedShows.differs(speed, texts)) {
      this.speed.textContent = texts.speed(grouped(speed));
    }
    if (!this.positionShows.differs(step, numSteps, texts)) return;
    const all = grouped(numSteps);
    this.position.textContent =
      step < 0 ? texts.atStart(all) : step >= numSteps ? texts.atEnd(all) : texts.at(grouped(step), all);
  }
}
