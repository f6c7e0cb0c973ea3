import { byId, h, icon } from '../dom.ts';
import { t } from '../text/text.ts';
import type { Timeline } from '../timeline.ts';
import type { TimeWindow } from './time-window.ts';

/** A drag that is shorter was a click, CSS pixels. */
const LEAST_DRAG = 5;

const ICONS = {
  in: 'M10.7 5h2.6v5.7H19v2.6h-5.7V19h-2.6v-5.7H5v-2.6h5.7z',
  out: 'M5 10.7h14v2.6H5z',
  whole: 'M4 5h2v14H4zM18 5h2v14h-2zM8 12l3-4v3h2V8l3 4-3 4v-3h-2v3z',
} as const;

export interface BrushActions {
  seek(step: number): void;
  /** The steps that were drawn over, in any order. */
  brush(one: number, other: number): void;
  /** Around the cursor. */
  zoom(factor: number): void;
  /** The whole run again. */
  whole(): void;
}

/** On the timeline: a drag moves the cursor, one with Shift chooses what is shown. Buttons do the same. */
export class TimeBrush {
  private readonly buttons: readonly HTMLButtonElement[];

  constructor(timeline: Timeline, actions: BrushActions) {
    const { canvas } = timeline;
    const stroke = byId('brush');
    let start: number | null = null;
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      start = event.shiftKey ? event.offsetX : null;
      if (start === null) actions.seek(timeline.stepAt(event.offsetX));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      if (start === null) {
        actions.seek(timeline.stepAt(event.offsetX));
        return;
      }
      stroke.hidden = false;
      stroke.style.left = `${Math.min(start, event.offsetX)}px`;
      stroke.style.width = `${Math.abs(event.offsetX - start)}px`;
    });
    const end = (event: PointerEvent) => {
      stroke.hidden = true;
      if (start !== null && Math.abs(event.offsetX - start) >= LEAST_DRAG) {
        actions.brush(timeline.stepAt(start), timeline.stepAt(event.offsetX));
      }
      start = null;
    };
    canvas.addEventListener('pointerup', end);
    canvas.addEventListener('pointercancel', () => {
      stroke.hidden = true;
      start = null;
    });
    canvas.addEventListener('dblclick', actions.whole);
    const button = (face: string, label: () => string, act: () => void) =>
      h(
        'button',
        { type: 'button', class: 'button icon', 'aria-label': label, title: label, onclick: act },
        icon(face),
      );
    this.buttons = [
      button(
        ICONS.in,
        () => t().time.zoomIn,
        () => actions.zoom(1 / 2),
      ),
      button(
        ICONS.out,
        () => t().time.zoomOut,
        () => actions.zoom(2),
      ),
      button(ICONS.whole, () => t().time.whole, actions.whole),
    ];
    byId('time-zoom').replaceChildren(...this.buttons);
  }

  show(window: TimeWindow | null): void {
    const [, out, whole] = this.buttons;
    out.disabled = window === null;
    whole.disabled = window === null;
  }
}
