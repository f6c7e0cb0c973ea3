import type { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';
import type { ColorMode } from '../block-colors.ts';
import type { OtherRun } from '../compare/other-runs.ts';
import type { Derived } from '../derived.ts';
import type { EventName, EventSteps } from '../event-steps.ts';
import type { OrderMode } from '../order/block-order.ts';
import { Store } from '../store.ts';
import type { TimeWindow } from '../time/time-window.ts';
import { DEFAULT_SPEED } from '../transport.ts';
import type { WhatIfSource } from '../what-if.ts';

/** A run that is shown. */
export interface Run {
  /** What each engine recorded … */
  readonly replicas: readonly Recording[];
  /** … and the one that is shown. */
  readonly recording: Recording;
  readonly cursor: Cursor;
  readonly derived: Derived;
  readonly events: EventSteps;
  /** null: a recording, of which no scenario is known. */
  readonly source: WhatIfSource | null;
}

/** Its scheduler can go on with other settings from a step on: V1's, once, and one's, since each engine has steps of its own. */
export function canSwitch({ replicas, recording: { header, numSteps } }: Run): boolean {
  const isV1 = header.v0 === undefined && header.contiguous === undefined;
  return replicas.length === 1 && numSteps > 0 && isV1 && header.switch === undefined;
}

export type Scene = 'blocks' | 'requests' | 'gpus' | 'compare' | 'table';
export const SCENES: readonly Scene[] = ['blocks', 'requests', 'gpus', 'compare', 'table'];

/** Everything that the picture depends on. */
export interface View {
  /** null until the first run is there. */
  readonly run: Run | null;
  /** Runs beside it. */
  readonly others: readonly OtherRun[];
  /** Scenarios of those that are still to come. */
  readonly awaited: readonly ScenarioSource[];
  /** 0 … numSteps; numSteps is the end, behind the last step. */
  readonly step: number;
  /** What the charts of time show; null: the whole run. */
  readonly window: TimeWindow | null;
  readonly playing: boolean;
  /** Steps per second. */
  readonly speed: number;
  readonly scene: Scene;
  readonly mode: ColorMode;
  readonly order: OrderMode;
  /** What `,` and `.` go to. */
  readonly event: EventName;
  /** Under the pointer or the keyboard's cell cursor. */
  readonly block: number | null;
  /** Followed everywhere. */
  readonly request: number | null;
}

export type ViewStore = Store<View>;

export function makeView(): ViewStore {
  return new Store<View>({
    run: null,
    others: [],
    awaited: [],
    step: 0,
    window: null,
    playing: false,
    speed: DEFAULT_SPEED,
    scene: 'blocks',
    mode: 'request',
    order: 'physical',
    event: 'preempt',
    block: null,
    request: null,
  });
}
