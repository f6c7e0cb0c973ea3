import { type Pauses, type PhaseName, pausesOf, phasesOf } from '../sim/export/phases.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { grouped } from '../sim/words.ts';
import { fitCanvas, h } from './dom.ts';
import { swatch } from './headline.ts';
import type { Palette } from './palette.ts';
import { t } from './text/text.ts';
import { type TimeWindow, windowOf } from './time/time-window.ts';

const ROW = 18;
const BAR = 12;
/** Of a longer run only the time around the cursor is shown, unless other steps were chosen. */
const MOST_STEPS_PER_PIXEL = 1;
/** Chunks closer than this run into each other and are not told apart, CSS pixels. */
const LEAST_CHUNK = 3;

/** Phase → its colour's token and the share of the bar's height: shape tells them apart without colour. */
const STYLES: Readonly<Record<PhaseName, { token: string; height: number }>> = {
  waiting: { token: 'chart-waiting', height: 0.25 },
  prefill: { token: 'text', height: 1 },
  decode: { token: 'chart-running', height: 0.7 },
  preempted: { token: 'chart-preempt', height: 0.25 },
  swapped: { token: 'waste-reserved', height: 0.5 },
};

/**
 * Requests as rows in the order of their arrival, their phases as bars over the steps. Only rows in sight are drawn,
 * so it costs what is seen and not what there is.
 */
export class Gantt {
  private readonly scroller: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly shownSteps = h('span');
  private readonly redraw: () => void;
  private readonly spacer = h('div', { class: 'gantt-spacer', 'aria-hidden': 'true' });
  private palette: Palette;
  private recording: Recording | null = null;
  private pauses: Pauses | null = null;
  /** Rows of spans, grouped by request: those of request r lie from spanStart[r] to spanStart[r + 1]. */
  private spanStart = new Uint32Array(1);
  private spanOf = new Uint32Array(0);
  private shownStep = -1;
  private selected: number | null = null;

  constructor(
    { scroller, canvas, legend }: { scroller: HTMLElement; canvas: HTMLCanvasElement; legend: HTMLElement },
    palette: Palette,
    actions: { onRequest(request: number): void; redraw(): void },
  ) {
    this.scroller = scroller;
    this.canvas = canvas;
    this.palette = palette;
    scroller.append(this.spacer);
    this.redraw = actions.redraw;
    scroller.addEventListener('scroll', actions.redraw);
    scroller.addEventListener('click', (event) => {
      const request = this.requestAt(event.clientY - scroller.getBoundingClientRect().top);
      if (request !== null) actions.onRequest(request);
    });
    scroller.addEventListener('keydown', (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = (this.selected ?? (by > 0 ? -1 : (this.recording?.requestIds.length ?? 0))) + by;
      if (next >= 0 && next < (this.recording?.requestIds.length ?? 0)) actions.onRequest(next);
    });
    legend.replaceChildren(
      ...Object.entries(STYLES).map(([name, { token }]) =>
        h('span', {}, swatch(`var(--${token})`), () => t().phases[name as PhaseName]),
      ),
      this.shownSteps,
    );
  }

  show(recording: Recording): void {
    this.recording = recording;
    this.pauses = null;
    this.shownStep = -1;
    this.selected = null;
    this.scroller.scrollTop = 0;
    this.spacer.style.height = `${recording.requestIds.length * ROW}px`;
  }

  restyle(palette: Palette): void {
    this.palette = palette;
  }

  /** The request of a row in sight, CSS pixels from the top; null below the last. */
  private requestAt(y: number): number | null {
    const row = Math.floor((this.scroller.scrollTop + y) / ROW);
    return row >= 0 && row < (this.recording?.requestIds.length ?? 0) ? row : null;
  }

  /**
   * @param running those of the step, of which the first stays in sight while the cursor moves.
   * @param window the steps that were chosen; null = none.
   */
  draw(step: number, running: Iterable<number>, selected: number | null, window: TimeWindow | null): void {
    const { recording, scroller, palette } = this;
    const { context, width, height } = fitCanvas(this.canvas);
    context.clearRect(0, 0, width, height);
    if (recording === null || recording.numSteps === 0 || width === 0) return;
    if (this.pauses === null) this.prepare(recording);
    if (step !== this.shownStep || selected !== this.selected) this.follow(running, selected, height);
    this.shownStep = step;
    this.selected = selected;

    const top = scroller.scrollTop;
    const first = Math.floor(top / ROW);
    const end = Math.min(recording.requestIds.length, Math.ceil((top + height) / ROW));
    const shown = window ?? readable(step, recording.numSteps, width);
    this.tellSteps(shown, recording.numSteps);
    const axis = { from: shown.from, perStep: width / (shown.to - shown.from), width };
    context.font = `11px ${palette.css('font')}`;
    context.textBaseline = 'middle';
    const labels: Label[] = [];
    for (let request = first; request < end; request++) {
      const y = request * ROW - top;
      if (request === selected) {
        context.fillStyle = palette.css('sunken');
        context.fillRect(0, y, width, ROW);
      }
      const label = this.drawRow(context, recording, request, y, axis);
      if (label !== null) labels.push(label);
    }
    context.fillStyle = palette.css('text');
    context.fillRect(Math.max(0, Math.min(width - 2, placeOf(step, axis) - 1)), 0, 2, height);
    // The cursor runs behind them.
    for (const { text, x, y, width: room } of labels) {
      context.fillStyle = palette.css('surface');
      context.fillRect(x - 2, y + 2, room + 4, ROW - 4);
      context.fillStyle = palette.css('text-soft');
      context.fillText(text, x, y + ROW / 2);
    }
  }

  private tellSteps({ from, to }: TimeWindow, numSteps: number): void {
    const text = to - from === numSteps ? '' : t().time.steps(grouped(from), grouped(to - 1));
    if (this.shownSteps.textContent === text) return;
    this.shownSteps.textContent = text;
    // The legend may now leave another height.
    this.redraw();
  }

  private drawRow(
    context: CanvasRenderingContext2D,
    recording: Recording,
    request: number,
    y: number,
    axis: Axis,
  ): Label | null {
    const { palette } = this;
    const { width } = axis;
    const color = palette.request(request);
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { name, startNs, endNs } of phasesOf(recording, request, this.pauses ?? new Map())) {
      const x = placeOf(stepAt(recording, startNs), axis);
      const wide = Math.max(1, placeOf(stepAt(recording, endNs), axis) - x);
      const { token, height } = STYLES[name];
      const tall = BAR * height;
      context.fillStyle = name === 'decode' ? color : palette.css(token);
      context.fillRect(x, y + (ROW - tall) / 2, wide, tall);
      if (name === 'prefill') this.cutChunks(context, recording, request, x, wide, y, axis);
      least = Math.min(least, x);
      most = Math.max(most, x + wide);
    }
    if (most < least) return null;
    const text = recording.requestIds[request];
    const room = context.measureText(text).width;
    // What lies outside of the steps shown has its name at the edge behind which it is.
    const x =
      most + room + 8 <= width ? Math.max(2, most + 6) : Math.max(2, Math.min(least, width) - room - 6);
    return { text, x, y, width: room };
  }

  /** A gap where a chunk of the prompt ends and the next begins. */
  private cutChunks(
    context: CanvasRenderingContext2D,
    { spans }: Recording,
    request: number,
    x: number,
    wide: number,
    y: number,
    axis: Axis,
  ): void {
    if (axis.perStep < LEAST_CHUNK) return;
    context.fillStyle = this.palette.css('surface');
    for (let i = this.spanStart[request]; i < this.spanStart[request + 1]; i++) {
      const at = placeOf(spans.step[this.spanOf[i]], axis);
      if (at > x + 1 && at < x + wide - 1) context.fillRect(at - 0.5, y, 1, ROW);
    }
  }

  private follow(running: Iterable<number>, selected: number | null, height: number): void {
    let wanted = selected ?? Number.POSITIVE_INFINITY;
    if (selected === null) for (const request of running) wanted = Math.min(wanted, request);
    if (!Number.isFinite(wanted)) return;
    const { scrollTop } = this.scroller;
    const y = wanted * ROW;
    // Those that run with it stand below.
    if (y < scrollTop || y + ROW > scrollTop + height / 2) this.scroller.scrollTop = Math.max(0, y - ROW);
  }

  private prepare(recording: Recording): void {
    this.pauses = pausesOf(recording);
    const { request } = recording.spans;
    const start = new Uint32Array(recording.requestIds.length + 1);
    for (let i = 0; i < request.length; i++) start[request[i] + 1]++;
    for (let i = 1; i < start.length; i++) start[i] += start[i - 1];
    const next = start.slice();
    const order = new Uint32Array(request.length);
    for (let i = 0; i < request.length; i++) order[next[request[i]]++] = i;
    this.spanStart = start;
    this.spanOf = order;
  }
}

/** A request's name beside its bars, CSS pixels. */
interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Steps to CSS pixels: the first step in sight, the width of one, that of all. */
interface Axis {
  readonly from: number;
  readonly perStep: number;
  readonly width: number;
}

function placeOf(step: number, { from, perStep }: Axis): number {
  return (step - from) * perStep;
}

/** The whole run, or so much of it around a step that its bars can be told apart. */
function readable(step: number, numSteps: number, width: number): TimeWindow {
  const most = width * MOST_STEPS_PER_PIXEL;
  return numSteps <= most ? { from: 0, to: numSteps } : windowOf(step - most / 2, step + most / 2, numSteps);
}

/** The step in which a time lies, with the part of it that has passed; idle times belong to the step after. */
function stepAt({ steps, numSteps }: Recording, ns: number): number {
  let [low, high] = [0, numSteps];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps.endNs[middle] <= ns) low = middle + 1;
    else high = middle;
  }
  if (low === numSteps) return numSteps;
  const start = steps.startNs[low];
  return low + Math.max(0, (ns - start) / Math.max(1, steps.endNs[low] - start));
}
