/** What V0's pools are made of (vLLM `CacheConfig`), resolved. */
export interface V0PoolConfig {
  /** Tokens per block. */
  readonly blockSize: number;
  readonly numGpuBlocks: number;
  /** Swap space; 0 = none. */
  readonly numCpuBlocks: number;
  /** Share of the GPU blocks that admission leaves free. */
  readonly watermark: number;
  readonly enablePrefixCaching: boolean;
  /** Tokens; null = full attention. */
  readonly slidingWindow: number | null;
}

/** Every knob of vLLM 0.6.3's `SchedulerConfig` that influences a decision, resolved. */
export interface V0SchedulerConfig {
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly maxModelLen: number;
  readonly enableChunkedPrefill: boolean;
  readonly policy: 'fcfs' | 'priority';
  /** null: recompute, but swap where several sequences run. */
  readonly preemptionMode: 'recompute' | 'swap' | null;
  /** Prompts wait this many times the duration of the last prompt step. */
  readonly delayFactor: number;
  readonly numLookaheadSlots: number;
  /** Stop checks come one step late. */
  readonly asyncOutputProc: boolean;
}
