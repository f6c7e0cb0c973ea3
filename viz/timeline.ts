import { scaleLinear } from 'd3-scale';
import { numUsableBlocks, type Recording } from '../sim/recording/recording.ts';
import { grouped } from '../sim/words.ts';
import type { Derived } from './derived.ts';
import { fitCanvas } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import type { Palette } from './palette.ts';
import type { TimeWindow } from './time/time-window.ts';

const TICKS_HEIGHT = 16;
const PREEMPT_HEIGHT = 8;

/** What the timeline shows of a range of steps: one column of pixels. */
interface Column {
  useLow: number;
  useHigh: number;
  running: number;
  waiting: number;
  preempted: boolean;
}

/**
 * KV use, running and waiting requests and preemptions over the steps of a window. Many steps are reduced to one
 * column a pixel once per window and width, so drawing costs pixels and not steps.
 */
export class Timeline {
  readonly canvas: HTMLCanvasElement;
  private palette: Palette;
  private recording: Recording | null = null;
  private derived: Derived | null = null;
  private columns: Column[] = [];
  private mostRequests = 1;
  private window: TimeWindow = { from: 0, to: 0 };
  /** All but the cursor, as it was last painted. */
  private readonly picture = new OffscreenCanvas(1, 1);
  private readonly drawnFrom = new DrawnFrom();

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.canvas = canvas;
    this.palette = palette;
  }

  show(recording: Recording, derived: Derived): void {
    this.recording = recording;
    this.derived = derived;
    this.columns = [];
    this.mostRequests = 1;
    for (let step = 0; step < recording.numSteps; step++) {
      const most = Math.max(recording.steps.numRunning[step], recording.steps.numWaiting[step]);
      if (most > this.mostRequests) this.mostRequests = most;
    }
  }

  restyle(palette: Palette): void {
    this.palette = palette;
  }

  /** The step at a horizontal position, CSS pixels. */
  stepAt(x: number): number {
    if (this.recording === null) return 0;
    const { from, to } = this.window;
    const share = x / Math.max(1, this.canvas.clientWidth);
    return Math.max(from, Math.min(to, Math.round(from + share * (to - from))));
  }

  draw(step: number, window: TimeWindow): void {
    const { recording, palette, canvas, picture } = this;
    const { context, width, height } = fitCanvas(canvas);
    if (width === 0) return;
    const { from, to } = window;
    this.window = window;
    if (this.drawnFrom.differs(recording, palette, canvas.width, canvas.height, from, to)) {
      this.columns = [];
      picture.width = canvas.width;
      picture.height = canvas.height;
      const into = picture.getContext('2d');
      if (into === null) return;
      into.setTransform(context.getTransform());
      this.paint(into, width, height);
    }
    context.save();
    context.resetTransform();
    context.drawImage(picture, 0, 0);
    context.restore();
    if (recording === null || recording.numSteps === 0 || step > to) return;
    this.drawCursor(context, ((Math.max(from, step) - from) / (to - from)) * width, height);
  }

  private paint(context: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
    const { recording, palette } = this;
    context.fillStyle = palette.css('sunken');
    context.fillRect(0, 0, width, height);
    if (recording === null || recording.numSteps === 0) return;
    if (this.columns.length !== Math.ceil(width)) this.columns = this.reduce(Math.ceil(width));
    const bottom = height - TICKS_HEIGHT;
    const y = scaleLinear([0, 1], [bottom, PREEMPT_HEIGHT + 2]);
    const { from, to } = this.window;

    context.fillStyle = palette.css('chart-use');
    this.columns.forEach(({ useHigh, useLow }, x) => {
      context.globalAlpha = 0.28;
      context.fillRect(x, y(useHigh), 1, bottom - y(useHigh));
      context.globalAlpha = 0.75;
      context.fillRect(x, y(useHigh), 1, Math.max(1.5, y(useLow) - y(useHigh)));
    });
    context.globalAlpha = 1;
    this.drawLine(context, (column) => y(column.waiting / this.mostRequests), 'chart-waiting', [4, 3]);
    this.drawLine(context, (column) => y(column.running / this.mostRequests), 'chart-running', []);
    context.fillStyle = palette.css('chart-preempt');
    this.columns.forEach(({ preempted }, x) => {
      if (preempted) context.fillRect(x - 0.5, 0, 2, PREEMPT_HEIGHT);
    });

    context.fillStyle = palette.css('text-soft');
    context.font = `11px ${palette.css('font')}`;
    context.textBaseline = 'bottom';
    const x = scaleLinear([from, to], [0, width]);
    for (const tick of x.ticks(Math.max(2, Math.floor(width / 110)))) {
      if (!Number.isInteger(tick)) continue;
      const label = grouped(tick);
      const at = Math.min(
        Math.max(2, x(tick) - context.measureText(label).width / 2),
        width - context.measureText(label).width - 2,
      );
      context.fillText(label, at, height - 2);
    }
  }

  private drawCursor(context: CanvasRenderingContext2D, x: number, height: number): void {
    context.fillStyle = this.palette.css('text');
    context.fillRect(x - 1, 0, 2, height - TICKS_HEIGHT);
    context.beginPath();
    context.arc(x, height - TICKS_HEIGHT, 5, 0, 2 * Math.PI);
    context.fill();
  }

  private drawLine(
    context: OffscreenCanvasRenderingContext2D,
    y: (column: Column) => number,
    token: string,
    dash: number[],
  ): void {
    context.beginPath();
    this.columns.forEach((column, x) => {
      if (x === 0) context.moveTo(x, y(column));
      else context.lineTo(x, y(column));
    });
    context.strokeStyle = this.palette.css(token);
    context.lineWidth = 1.75;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }

  private reduce(width: number): Column[] {
    const { recording, derived } = this;
    if (recording === null || derived === null) return [];
    const { steps, numSteps, header } = recording;
    const { from, to } = this.window;
    const usable = Math.max(1, numUsableBlocks(header));
    return Array.from({ length: width }, (_, x) => {
      const first = Math.min(numSteps - 1, Math.floor(from + (x * (to - from)) / width));
      const end = Math.max(first + 1, Math.floor(from + ((x + 1) * (to - from)) / width));
      const column: Column = { useLow: 1, useHigh: 0, running: 0, waiting: 0, preempted: false };
      for (let step = first; step < end; step++) {
        const use = (usable - steps.numFreeBlocks[step]) / usable;
        column.useLow = Math.min(column.useLow, use);
        column.useHigh = Math.max(column.useHigh, use);
        column.running = Math.max(column.running, steps.numRunning[step]);
        column.waiting = Math.max(column.waiting, steps.numWaiting[step]);
      }
      const before = first === 0 ? 0 : derived.preemptions[first - 1];
      column.preempted = derived.preemptions[end - 1] > before;
      return column;
    });
  }
}
