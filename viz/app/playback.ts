import { SPEEDS, type TransportActions } from '../transport.ts';
import type { ViewStore } from './view.ts';

/** A frame that comes later is not caught up with: the page was hidden. */
const LONGEST_FRAME_MS = 250;

/** Moves the cursor through the run: by hand, or by the clock while it plays. */
export class Playback implements TransportActions {
  private readonly view: ViewStore;
  private lastTick = 0;
  /** Part of a step that the clock owes. */
  private owed = 0;

  constructor(view: ViewStore) {
    this.view = view;
    view.subscribe((now, before) => {
      if (!now.playing || before.playing) return;
      this.lastTick = performance.now();
      this.owed = 0;
      requestAnimationFrame(this.tick);
    });
  }

  private readonly tick = (time: number): void => {
    const { run, playing, speed, step } = this.view.get();
    if (!playing || run === null) return;
    this.owed += (Math.min(LONGEST_FRAME_MS, Math.max(0, time - this.lastTick)) / 1000) * speed;
    this.lastTick = time;
    const steps = Math.floor(this.owed);
    if (steps > 0) {
      this.owed -= steps;
      const next = Math.min(run.recording.numSteps, step + steps);
      this.view.set({ step: next, playing: next < run.recording.numSteps });
    }
    requestAnimationFrame(this.tick);
  };

  toggle = (): void => {
    const { run, playing, step } = this.view.get();
    if (run === null) return;
    const atEnd = step >= run.recording.numSteps;
    this.view.set({ playing: !playing, step: !playing && atEnd ? 0 : step });
  };

  seek(step: number): void {
    const { run } = this.view.get();
    if (run === null) return;
    this.view.set({ step: Math.max(0, Math.min(run.recording.numSteps, step)), playing: false });
  }

  stepBy(steps: number): void {
    this.seek(this.view.get().step + steps);
  }

  jump(where: 'start' | 'end' | 'previous-preemption' | 'next-preemption'): void {
    const { run } = this.view.get();
    if (run === null) return;
    if (where === 'start') this.seek(0);
    else if (where === 'end') this.seek(run.recording.numSteps);
    else this.jumpToPreemption(where === 'next-preemption' ? 1 : -1);
  }

  private jumpToPreemption(direction: 1 | -1): void {
    const { run, step } = this.view.get();
    if (run === null) return;
    const { preemptions } = run.derived;
    for (let at = step + direction; at >= 0 && at < run.recording.numSteps; at += direction) {
      if (preemptions[at] === (at === 0 ? 0 : preemptions[at - 1])) continue;
      this.seek(at);
      return;
    }
  }

  faster(by: 1 | -1): void {
    const at = SPEEDS.indexOf(this.view.get().speed) + by;
    if (at >= 0 && at < SPEEDS.length) this.view.set({ speed: SPEEDS[at] });
  }
}
