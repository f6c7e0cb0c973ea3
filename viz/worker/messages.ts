import type { InputError } from '../../sim/error.ts';
import type { RankStrip } from '../../sim/memory/rank-strip.ts';
import type { RoomRange } from '../../sim/memory/room-range.ts';
import type { SizingFlags } from '../../sim/memory/startup-input.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { FlagValue } from '../../sim/scenario/stated-flags.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';
import type { Settings } from '../editor/settings.ts';
import type { RunIndex } from '../run-index.ts';

/** What the page asks of the worker: to run a scenario, or to plan its start-up with other flags. */
export type WorkerRequest =
  | { readonly ask: 'run'; readonly source: ScenarioSource }
  /** The scenario as one file, with the fields that are set over it. */
  | { readonly ask: 'merge'; readonly source: ScenarioSource }
  | {
      readonly ask: 'plan';
      readonly source: ScenarioSource;
      /** snake_case flag → value. */
      readonly flags: Readonly<Record<string, FlagValue>>;
      readonly id: number;
    };

/** A plan as the page shows it. */
export interface PlanAnswer {
  /** null: it would not start, which message and advice are about. */
  readonly fit: {
    readonly numBlocks: number;
    readonly blockSize: number;
    /** Requests of maxModelLen tokens that fit at once. */
    readonly maxConcurrency: number;
    readonly maxModelLen: number;
  } | null;
  /** How sure the size of the pool is; null where a flag says it. */
  readonly range: RoomRange | null;
  readonly message: string;
  readonly advice: string;
  readonly strips: readonly RankStrip[];
}

/** A start that failed. */
export interface StartRefusal {
  readonly kind: 'would-not-start';
  /** Which model on which GPUs. */
  readonly about: string;
  /** In vLLM's words. */
  readonly message: string;
  readonly advice: string;
  /** Single changes with which it would start. */
  readonly remedies: readonly string[];
  readonly range: RoomRange | null;
  readonly strips: readonly RankStrip[];
  readonly sizing: SizingFlags;
  readonly settings: Settings;
}

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly kind: 'progress'; readonly share: number; readonly numSteps: number }
  | {
      readonly kind: 'recording';
      /** Engine → its recording; there is at least one. */
      readonly replicas: readonly Recording[];
      /** The same for each of them. */
      readonly indexes: readonly RunIndex[];
      readonly sizing: SizingFlags;
      readonly settings: Settings;
    }
  | StartRefusal
  | { readonly kind: 'merged'; readonly text: string }
  | { readonly kind: 'plan'; readonly id: number; readonly plan: PlanAnswer }
  | { readonly kind: 'problems'; readonly problems: InputError['problems'] }
  | { readonly kind: 'fault'; readonly message: string };
