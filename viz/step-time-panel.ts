import { Cursor } from '../sim/recording/cursor.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { StepTimes } from '../sim/report/step-time.ts';
import { COMPONENTS, type StepBreakdown, totalSeconds } from '../sim/time/breakdown.ts';
import { bandsText, bandText } from '../sim/time/error-band.ts';
import { timeBasis } from '../sim/time/time-basis.ts';
import { fitCanvas, h } from './dom.ts';
import { swatch } from './headline.ts';
import type { Palette } from './palette.ts';
import { t } from './text/text.ts';
import type { TimeWindow } from './time/time-window.ts';

/** Milliseconds of a frame that go into columns which are not known yet. */
const FRAME_MS = 3;

interface Parts {
  readonly panel: HTMLDetailsElement;
  readonly canvas: HTMLCanvasElement;
  readonly cursor: HTMLElement;
  readonly legend: HTMLElement;
  readonly trust: HTMLElement;
}

/**
 * Where the time of the steps goes: a column a pixel, each of the step in its middle, taken apart a few milliseconds
 * a frame while the panel is open; and the parts of the step at hand.
 */
export class StepTimePanel {
  private readonly parts: Parts;
  private readonly askFrame: () => void;
  private readonly values = new Map<string, HTMLElement>();
  private palette: Palette;
  private recording: Recording | null = null;
  private times: StepTimes | null = null;
  /** Its own, since it goes through all steps; made when the panel is first open. */
  private cursor: Cursor | null = null;
  private columns = new Float32Array(0);
  private numColumns = 0;
  private window: TimeWindow = { from: 0, to: 0 };
  private numKnown = 0;
  private most = 0;
  private isStale = true;
  private shown: readonly [Recording | null, number] = [null, -1];

  constructor(parts: Parts, palette: Palette, askFrame: () => void) {
    this.parts = parts;
    this.palette = palette;
    this.askFrame = askFrame;
    parts.panel.addEventListener('toggle', askFrame);
    parts.legend.replaceChildren(
      ...COMPONENTS.map((component) => {
        const value = h('b');
        const entry = h(
          'span',
          { hidden: true },
          swatch(`var(--time-${component})`),
          () => t().stepTime[component],
          ' ',
          value,
        );
        this.values.set(component, value);
        return entry;
      }),
    );
  }

  show(recording: Recording): void {
    const { panel, trust } = this.parts;
    this.recording = recording;
    this.times = StepTimes.of(recording);
    this.cursor = null;
    this.numColumns = 0;
    this.shown = [null, -1];
    panel.hidden = this.times === null;
    trust.textContent = trustOf(recording)?.long ?? '';
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    this.isStale = true;
  }

  /** @param main the page's cursor, at the step to tell of. */
  draw(main: Cursor, window: TimeWindow): void {
    const { recording, times } = this;
    if (recording === null || times === null || !this.parts.panel.open) return;
    this.tell(times, main);
    const { context, width, height } = fitCanvas(this.parts.canvas);
    if (width === 0 || recording.numSteps === 0) return;
    const { from, to } = window;
    if (this.numColumns !== width || from !== this.window.from || to !== this.window.to) {
      this.window = window;
      this.restart(width);
    }
    if (this.numKnown < width) {
      this.learn(recording, times);
      this.askFrame();
    }
    const x = ((Math.min(main.step, to) - from) / (to - from)) * width;
    this.parts.cursor.style.transform = `translateX(${Math.min(Math.max(0, x), width - 2)}px)`;
    if (!this.isStale) return;
    this.isStale = false;
    this.paint(context, width, height);
  }

  private restart(width: number): void {
    this.numColumns = width;
    this.columns = new Float32Array(width * COMPONENTS.length);
    this.numKnown = 0;
    this.most = 0;
    this.isStale = true;
  }

  private learn(recording: Recording, times: StepTimes): void {
    const { numColumns, columns } = this;
    const { from, to } = this.window;
    this.cursor ??= new Cursor(recording);
    const until = performance.now() + FRAME_MS;
    do {
      const step = from + Math.floor(((this.numKnown + 0.5) * (to - from)) / numColumns);
      this.cursor.seek(Math.min(step, recording.numSteps - 1));
      const breakdown = times.at(this.cursor);
      COMPONENTS.forEach((component, i) => {
        columns[this.numKnown * COMPONENTS.length + i] = breakdown[component];
      });
      this.most = Math.max(this.most, totalSeconds(breakdown));
      this.numKnown++;
    } while (this.numKnown < numColumns && performance.now() < until);
    this.isStale = true;
  }

  /** Areas on top of each other, the first component lowest. */
  private paint(context: CanvasRenderingContext2D, width: number, height: number): void {
    const { columns, numKnown, most, palette } = this;
    context.fillStyle = palette.css('sunken');
    context.fillRect(0, 0, width, height);
    const size = COMPONENTS.length;
    const scale = most > 0 ? (height - 18) / most : 0;
    const tops = new Float32Array(numKnown);
    COMPONENTS.forEach((component, i) => {
      context.fillStyle = palette.css(`time-${component}`);
      context.beginPath();
      for (let x = 0; x < numKnown; x++) {
        const ms = columns[x * size + i] * scale;
        if (ms > 0) context.rect(x, height - tops[x] - ms, 1, ms);
        tops[x] += ms;
      }
      context.fill();
    });
    context.fillStyle = palette.css('text-soft');
    context.font = `11px ${palette.css('font')}`;
    context.textBaseline = 'top';
    context.fillText(t().stepTime.most(milliseconds(most)), 4, 3);
  }

  private tell(times: StepTimes, main: Cursor): void {
    const { recording, step, numSteps } = main;
    if (this.shown[0] === recording && this.shown[1] === step) return;
    this.shown = [recording, step];
    const breakdown: StepBreakdown | null = step >= 0 && step < numSteps ? times.at(main) : null;
    for (const component of COMPONENTS) {
      const seconds = breakdown?.[component] ?? 0;
      const value = this.values.get(component);
      if (!value?.parentElement) continue;
      value.parentElement.hidden = seconds === 0;
      value.textContent = milliseconds(seconds);
    }
  }
}

/** How far a recording's times can be trusted, in a few characters and in a sentence; null: they are not modelled. */
export function trustOf({ header }: Recording): { short: string; long: string } | null {
  if (header.timing === undefined) return null;
  const { badge, source, unmeasured, errors } = timeBasis(header.timing);
  const texts = t().trust;
  const parts = unmeasured.length > 0 ? texts.unmeasured(unmeasured.join(', ')) : '';
  const text = bandsText(errors);
  return {
    short: bandText(errors.throughput),
    long: `${texts[badge]}: ${source.replace(/^fitted: /, '')}.${parts}${texts.bands(errors.TPOT.source, text)}`,
  };
}

function milliseconds(seconds: number): string {
  const ms = seconds * 1e3;
  return `${ms >= 100 ? Math.round(ms) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}
