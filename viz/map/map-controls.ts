import type { BlockMap } from '../block-map.ts';
import { h, icon } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import { t } from '../text/text.ts';
import type { Point } from './zoom.ts';

/** Turns of a wheel come in pixels, or in lines of about this many. */
const LINE = 16;
/** Pixels of a wheel, and spreads of two fingers, that are a level. */
const WHEEL_LEVEL = 60;
const PINCH_LEVEL = 1.35;
/** Farther than this a press is a pull. */
const LEAST_PULL = 4;
/** Outlines on a grid of 24 × 24. */
const ICONS = {
  whole: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
  farther: 'M5 11h14v2H5z',
  closer: 'M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z',
} as const;

/** Zooming and panning of the map by wheel, fingers and buttons, and an overview while a part is in sight. */
export class MapControls {
  private readonly map: BlockMap;
  private readonly changed: () => void;
  private readonly overview = h('canvas', { class: 'overview', 'aria-hidden': 'true' });
  private readonly closer: HTMLButtonElement;
  private readonly farther: HTMLButtonElement;
  private readonly whole: HTMLButtonElement;
  private readonly shows = new DrawnFrom();
  /** Pointers that are down, by their ids. */
  private readonly down = new Map<number, Point>();
  private wheel = 0;
  private spread = 0;
  /** The press that is going on has pulled the map. */
  private pulled = false;

  /** @param root where the buttons go. */
  constructor(map: BlockMap, root: HTMLElement, changed: () => void) {
    const { canvas } = map;
    this.map = map;
    this.changed = changed;
    const button = (name: keyof typeof ICONS, act: () => void) => {
      const label = () => t().zoom[name];
      const properties = {
        type: 'button',
        class: 'button icon',
        'aria-label': label,
        title: label,
        onclick: act,
      };
      return h('button', properties, icon(ICONS[name]));
    };
    this.whole = button('whole', () => this.zoomOut());
    this.farther = button('farther', () => this.zoomAround(null, -1));
    this.closer = button('closer', () => this.zoomAround(null, 1));
    root.append(this.whole, this.farther, this.closer);
    canvas.after(this.overview);
    map.drawOverviewOn(this.overview);
    // Until there is a run, nothing can be zoomed.
    this.overview.hidden = true;
    for (const each of [this.whole, this.farther, this.closer]) each.disabled = true;
    canvas.addEventListener('wheel', (event) => this.turned(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.pressed(event));
    canvas.addEventListener('pointermove', (event) => this.dragged(event));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, ({ pointerId }) => this.down.delete(pointerId));
    }
    // What has pulled the map has not chosen a block.
    canvas.addEventListener('click', (event) => this.pulled && event.stopImmediatePropagation(), true);
    const goThere = ({ offsetX, offsetY }: PointerEvent) => {
      map.center(offsetX / this.overview.clientWidth, offsetY / this.overview.clientHeight);
      changed();
    };
    this.overview.addEventListener('pointerdown', (event) => {
      this.overview.setPointerCapture(event.pointerId);
      goThere(event);
    });
    this.overview.addEventListener('pointermove', (event) => {
      if (this.overview.hasPointerCapture(event.pointerId)) goThere(event);
    });
  }

  /** Follows what the map shows. */
  show(): void {
    const { isZoomedOut, isZoomedIn, canvas } = this.map;
    if (!this.shows.differs(isZoomedOut, isZoomedIn)) return;
    canvas.classList.toggle('zoomed', !isZoomedOut);
    this.overview.hidden = isZoomedOut;
    this.whole.disabled = isZoomedOut;
    this.farther.disabled = isZoomedOut;
    this.closer.disabled = isZoomedIn;
  }

  zoomAround(block: number | null, levels: number): void {
    this.map.zoomAround(block, levels);
    this.moved();
  }

  zoomOut(): void {
    this.map.zoomOut();
    this.moved();
  }

  private moved(): void {
    this.show();
    this.changed();
  }

  private turned(event: WheelEvent): void {
    // Where the page scrolls, a wheel is for that; a pinch of a touch pad comes with ctrl.
    const { scrollHeight, clientHeight } = document.documentElement;
    if (!event.ctrlKey && scrollHeight > clientHeight + 1) return;
    event.preventDefault();
    const turn = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    this.wheel -= event.ctrlKey ? turn * 4 : turn;
    const levels = Math.trunc(this.wheel / WHEEL_LEVEL);
    if (levels === 0) return;
    this.wheel -= levels * WHEEL_LEVEL;
    this.map.zoomBy(Math.sign(levels), { x: event.offsetX, y: event.offsetY });
    this.moved();
  }

  private pressed({ pointerId, offsetX, offsetY }: PointerEvent): void {
    this.down.set(pointerId, { x: offsetX, y: offsetY });
    this.pulled = this.down.size > 1;
    this.spread = this.distance();
  }

  private dragged({ pointerId, offsetX, offsetY, buttons }: PointerEvent): void {
    const before = this.down.get(pointerId);
    if (before === undefined) return;
    if (buttons === 0) {
      // It went up somewhere else.
      this.down.delete(pointerId);
      return;
    }
    const [right, below] = [offsetX - before.x, offsetY - before.y];
    if (this.down.size > 1) this.pinch(pointerId, { x: offsetX, y: offsetY });
    else if (!this.map.isZoomedOut && (this.pulled || Math.hypot(right, below) >= LEAST_PULL)) {
      this.pulled = true;
      this.down.set(pointerId, { x: offsetX, y: offsetY });
      this.map.pan(right, below);
      this.changed();
    }
  }

  /** What is between the fingers stays there. */
  private pinch(pointerId: number, point: Point): void {
    const before = this.middle();
    this.down.set(pointerId, point);
    const middle = this.middle();
    this.map.pan(middle.x - before.x, middle.y - before.y);
    const spread = this.distance();
    const levels = Math.trunc(Math.log(spread / this.spread) / Math.log(PINCH_LEVEL));
    if (levels !== 0) {
      this.spread = spread;
      this.map.zoomBy(levels, middle);
    }
    this.moved();
  }

  /** Of the two fingers. */
  private middle(): Point {
    const [a, b] = this.down.values();
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  /** Between the two fingers. */
  private distance(): number {
    const [a, b] = this.down.values();
    return b === undefined ? 0 : Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  }
}
