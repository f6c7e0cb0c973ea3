import { MIB } from '../units.ts';
import type { Recording } from './recording.ts';
import type { ReplayState, Snapshot } from './replay-state.ts';
import { V0State } from './v0-state.ts';
import { V1State } from './v1-state.ts';

/** All of them together take about this much memory at most, bytes. */
const BUDGET = 64 * MIB;
const MIN_EVENTS_BETWEEN = 4096;
/** A copy costs as much as replaying about this many events a block. */
const EVENTS_PER_BLOCK = 0.5;

/** The state of a recording before its first event. */
export function replayOf(recording: Recording): ReplayState {
  return recording.header.v0 === undefined ? new V1State(recording) : new V0State(recording);
}

/** Copies of a recording's state, an equal number of events apart: they bound what a jump has to replay. */
export class Keyframes {
  /** Events between two of them. */
  readonly interval: number;
  private readonly recording: Recording;
  private readonly snapshots: Snapshot[];
  /** Goes through the recording to take those that are missing; null: before it starts, and when all are there. */
  private ahead: { readonly replay: ReplayState; position: number } | null = null;

  /** @param start the state before the first event. */
  constructor(recording: Recording, start: ReplayState) {
    const { numEvents } = recording;
    const most = Math.max(2, Math.floor(BUDGET / Math.max(1, start.snapshotBytes)));
    this.recording = recording;
    this.interval = Math.max(
      MIN_EVENTS_BETWEEN,
      Math.ceil(start.refCount.length * EVENTS_PER_BLOCK),
      Math.ceil(numEvents / most),
    );
    this.snapshots = [start.snapshot()];
  }

  /** The one that is closest to a number of applied events, of those that there are. */
  nearest(target: number): { readonly snapshot: Snapshot; readonly position: number } {
    const at = Math.min(Math.round(target / this.interval), this.snapshots.length - 1);
    return { snapshot: this.snapshots[at], position: at * this.interval };
  }

  /** Takes one of a state on its way, if it is the next that is missing. */
  passing(position: number, replay: ReplayState): void {
    if (position === this.snapshots.length * this.interval) this.snapshots.push(replay.snapshot());
  }

  /**
   * Takes those that are missing, replaying at most so many events: called often enough, every jump is short.
   * @returns whether some are still missing.
   */
  goOn(numEvents: number): boolean {
    const { recording, snapshots, interval } = this;
    const last = Math.floor(recording.numEvents / interval);
    if (snapshots.length <= last) {
      this.ahead ??= { replay: replayOf(recording), position: 0 };
      const { ahead } = this;
      const known = (snapshots.length - 1) * interval;
      if (ahead.position < known) {
        ahead.replay.restore(snapshots[snapshots.length - 1]);
        ahead.position = known;
      }
      const until = Math.min(last * interval, ahead.position + numEvents);
      while (ahead.position < until) {
        ahead.replay.apply(ahead.position++);
        this.passing(ahead.position, ahead.replay);
      }
    }
    if (snapshots.length <= last) return true;
    this.ahead = null;
    return false;
  }
}
