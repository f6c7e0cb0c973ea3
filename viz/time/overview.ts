import { numUsableBlocks, type Recording } from '../../sim/recording/recording.ts';
import { fitCanvas } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import type { Palette } from '../palette.ts';
import { type TimeWindow, windowOf } from './time-window.ts';

/** Under a chart that shows a part of the run: all of it, and where that part lies. Dragging moves the part. */
export class Overview {
  private readonly canvas: HTMLCanvasElement;
  private readonly drawnFrom = new DrawnFrom();
  private window: TimeWindow | null = null;
  private numSteps = 0;

  constructor(canvas: HTMLCanvasElement, move: (window: TimeWindow) => void) {
    this.canvas = canvas;
    const drag = ({ offsetX }: PointerEvent) => {
      const { window, numSteps } = this;
      if (window === null) return;
      const half = (window.to - window.from) / 2;
      const middle = (offsetX / Math.max(1, canvas.clientWidth)) * numSteps;
      move(windowOf(middle - half, middle + half, numSteps));
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) drag(event);
    });
  }

  /** @param window null: the chart shows all of the run, and nothing else is needed. */
  draw(recording: Recording, window: TimeWindow | null, palette: Palette): void {
    this.window = window;
    this.numSteps = recording.numSteps;
    this.canvas.hidden = window === null;
    if (window === null) return;
    const { context, width, height } = fitCanvas(this.canvas);
    const { from, to } = window;
    if (width === 0 || !this.drawnFrom.differs(recording, from, to, palette, width)) return;
    context.fillStyle = palette.css('sunken');
    context.fillRect(0, 0, width, height);
    this.paintUse(context, recording, palette, width, height);
    const x = (step: number) => (step / recording.numSteps) * width;
    context.globalAlpha = 0.65;
    context.fillStyle = palette.css('surface');
    context.fillRect(0, 0, x(from), height);
    context.fillRect(x(to), 0, width - x(to), height);
    context.globalAlpha = 1;
    context.strokeStyle = palette.css('accent');
    context.lineWidth = 2;
    context.strokeRect(x(from) + 1, 1, Math.max(4, x(to) - x(from) - 2), height - 2);
  }

  /** The most of each column's steps. */
  private paintUse(
    context: CanvasRenderingContext2D,
    { steps, numSteps, header }: Recording,
    palette: Palette,
    width: number,
    height: number,
  ): void {
    const usable = Math.max(1, numUsableBlocks(header));
    context.fillStyle = palette.css('chart-use');
    for (let x = 0; x < width; x++) {
      const first = Math.floor((x * numSteps) / width);
      const end = Math.max(first + 1, Math.floor(((x + 1) * numSteps) / width));
      let least = usable;
      for (let step = first; step < end; step++) least = Math.min(least, steps.numFreeBlocks[step]);
      const tall = ((usable - least) / usable) * height;
      context.fillRect(x, height - tall, 1, tall);
    }
  }
}
