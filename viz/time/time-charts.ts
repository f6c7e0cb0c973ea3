import type { Recording } from '../../sim/recording/recording.ts';
import type { Playback } from '../app/playback.ts';
import type { View, ViewStore } from '../app/view.ts';
import { ForkMarks } from '../compare/fork-marks.ts';
import type { Derived } from '../derived.ts';
import { byId } from '../dom.ts';
import type { Palette } from '../palette.ts';
import { StepTimePanel } from '../step-time-panel.ts';
import { Timeline } from '../timeline.ts';
import { Overview } from './overview.ts';
import { TimeBrush } from './time-brush.ts';
import { following, type TimeWindow, windowOf, zoomed } from './time-window.ts';

/** The charts over time, which show the same window of the run. */
export class TimeCharts {
  private readonly view: ViewStore;
  private readonly timeline: Timeline;
  private readonly stepTimes: StepTimePanel;
  private readonly forkMarks = new ForkMarks(byId('fork-marks'));
  private readonly overview: Overview;
  private readonly brush: TimeBrush;
  private palette: Palette;

  /** `redraw` is called when a chart knows more than it has drawn. */
  constructor(view: ViewStore, playback: Playback, palette: Palette, redraw: () => void) {
    this.view = view;
    this.palette = palette;
    this.timeline = new Timeline(byId<HTMLCanvasElement>('timeline'), palette);
    this.stepTimes = new StepTimePanel(
      {
        panel: byId('step-times'),
        canvas: byId('step-time-chart'),
        cursor: byId('step-time-cursor'),
        legend: byId('step-time-legend'),
        trust: byId('step-time-trust'),
      },
      palette,
      redraw,
    );
    this.overview = new Overview(byId<HTMLCanvasElement>('overview'), (window) => this.goTo(window));
    this.brush = new TimeBrush(this.timeline, {
      seek: (step) => playback.seek(step),
      brush: (one, other) => this.goTo(windowOf(one, other, this.numSteps)),
      zoom: (factor) => this.zoom(factor),
      whole: () => view.set({ window: null }),
    });
  }

  show(recording: Recording, derived: Derived): void {
    this.timeline.show(recording, derived);
    this.stepTimes.show(recording);
  }

  draw({ run, others, step, window }: View): void {
    if (run === null) return;
    const { cursor, recording } = run;
    const shown = this.windowNow();
    this.timeline.draw(step, shown);
    this.overview.draw(recording, window === null ? null : shown, this.palette);
    this.brush.show(window);
    this.forkMarks.draw([recording, ...others.map((other) => other.recording)], shown);
    this.stepTimes.draw(cursor, shown);
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    this.timeline.restyle(palette);
    this.stepTimes.restyle(palette);
  }

  /** The same in another language. */
  retell(recording: Recording): void {
    this.stepTimes.show(recording);
  }

  /** Shows `factor` times as much time around the cursor. */
  zoom(factor: number): void {
    const { numSteps, view } = this;
    if (numSteps > 0) view.set({ window: zoomed(this.windowNow(), view.get().step, factor, numSteps) });
  }

  private get numSteps(): number {
    return this.view.get().run?.recording.numSteps ?? 0;
  }

  /** The window follows the cursor, so the cursor comes along. */
  private goTo(window: TimeWindow): void {
    const step = Math.max(window.from, Math.min(window.to, this.view.get().step));
    this.view.set({ window, playing: false, step });
  }

  /** What is shown, where the cursor is. */
  private windowNow(): TimeWindow {
    const { window, step } = this.view.get();
    const { numSteps } = this;
    return window === null ? { from: 0, to: Math.max(1, numSteps) } : following(window, step, numSteps);
  }
}
