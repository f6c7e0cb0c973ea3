import type { SchedulerConfig } from './config.ts';

/**
 * A scheduler that goes on with other settings from a step on, with the requests and blocks that it then has. vLLM
 * cannot: it would have to be started anew, with an empty pool. It shows what one setting does, all else being equal.
 */
export interface SchedulerSwitch {
  /** The first step that is scheduled with them. */
  readonly step: number;
  readonly to: SchedulerConfig;
}

/** Settings that are looked at step by step; what decides about memory at start-up is not among them. */
const SWITCHABLE = [
  'maxNumSeqs',
  'maxNumBatchedTokens',
  'maxNumScheduledTokens',
  'enableChunkedPrefill',
  'longPrefillTokenThreshold',
  'schedulerReserveFullIsl',
  'policy',
] as const satisfies readonly (keyof SchedulerConfig)[];

/** The settings with those of others that can be switched. */
export function switched(from: SchedulerConfig, to: SchedulerConfig): SchedulerConfig {
  return { ...from, ...Object.fromEntries(SWITCHABLE.map((name) => [name, to[name]])) };
}
