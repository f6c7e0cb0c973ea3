import type { V0Settings } from '../recording/recording.ts';
import type { StartFailure } from '../scenario/expectations.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import type { SchedulerSwitch } from '../scheduler/switch.ts';
import type { AllocatorReport } from './allocator-report.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { HostMemory } from './host.ts';
import type { RankMemory } from './rank-memory.ts';
import type { RoomRange } from './room-range.ts';

/** With the state of its allocator after the start, or when it failed. */
export interface PlannedRank extends RankMemory {
  readonly allocator: AllocatorReport;
}

/** What the configuration becomes on the machine: vLLM's own start-up, predicted. */
export type Plan =
  | {
      readonly starts: true;
      readonly pool: PoolConfig;
      readonly scheduler: SchedulerConfig;
      /** What the scheduler goes on with, if the scenario has a fork. */
      readonly switch?: SchedulerSwitch;
      readonly kvBytesPerToken: number;
      readonly blockBytes: number;
      /** How sure the number of blocks is; null where a flag says it. */
      readonly range: RoomRange | null;
      /** What V0's engine is told beside that; null for V1. */
      readonly v0: V0Settings | null;
      /** "GPU KV cache size" as vLLM prints it, tokens. */
      readonly kvCacheTokens: number;
      /** max_model_len-long requests that fit at once. */
      readonly maxConcurrency: number;
      readonly ranks: readonly PlannedRank[];
      readonly host: HostMemory;
      /** The lines of vLLM's log that say so. */
      readonly log: readonly string[];
      /** What a user should know: ignored flags, assumptions, unmodelled parts. */
      readonly notes: readonly string[];
    }
  | {
      readonly starts: false;
      readonly because: StartFailure;
      /** vLLM's own words. */
      readonly message: string;
      /** The numbers behind it; what to change, where no memory is looked at. */
      readonly advice: string;
      /** Changes that were tried and start, with what they cost. */
      readonly remedies: readonly string[];
      /** null if the arguments are refused. */
      readonly limits: BatchLimits | null;
      /** Empty if the arguments are refused before any memory is looked at. */
      readonly ranks: readonly PlannedRank[];
      readonly host: HostMemory | null;
      /** Null where it is not the KV cache that is too small. */
      readonly range: RoomRange | null;
      readonly notes: readonly string[];
    };

/** Advice and remedies in one sentence. */
export function adviceText({ advice, remedies }: Extract<Plan, { starts: false }>): string {
  return remedies.length === 0 ? advice : `${advice}. Any one of these starts: ${remedies.join('; ')}`;
}
