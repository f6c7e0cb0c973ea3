import { type EventName, neighbour } from '../event-steps.ts';
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

  jump(where: 'start' | 'end'): void {
    const { run } = this.view.get();
    if (run !== null) this.seek(where === 'start' ? 0 : run.recording.numSteps);
  }

  /** To the nearest step with an event of the chosen kind; stays where there is none. */
  jumpToEvent(direction: 1 | -1): void {
    const { run, step, event } = this.view.get();
    const found = neighbour(run?.events.get(event) ?? [], step, direction);
    if (found !== null) this.seek(found);
  }

  chooseEvent(event: EventName): void {
    this.view.set({ event });
  }

  faster(by: 1 | -1): void {
    const at = SPEEDS.indexOf(this.view.get().speed) + by;
    if (at >= 0 && at < SPEEDS.length) this.view.set({ speed: SPEEDS[at] });
  }
}
