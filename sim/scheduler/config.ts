/** One KV cache group: the layers that share a block table (vLLM `KVCacheGroupSpec`). */
export interface KvCacheGroup {
  /** chunked_local: tokens attend within aligned chunks only, as in Llama 4. */
  readonly kind: 'full' | 'sliding_window' | 'chunked_local';
  /** Tokens per block. */
  readonly blockSize: number;
  /** Sliding window or attention chunk, tokens; 0 for full attention. */
  readonly window: number;
}

/** What the pool is made of (vLLM `CacheConfig` and `KVCacheConfig`, resolved). */
export interface PoolConfig {
  /** Physical blocks, the null block (id 0) included. */
  readonly numGpuBlocks: number;
  readonly enablePrefixCaching: boolean;
  /** Tokens per hash block: the block size of one group, the gcd of several. */
  readonly hashBlockSize: number;
  readonly groups: readonly KvCacheGroup[];
}

/** Every knob of vLLM's `SchedulerConfig` that influences a decision, resolved (no defaults left). */
export interface SchedulerConfig {
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  /** The step's token budget; null = maxNumBatchedTokens. */
  readonly maxNumScheduledTokens: number | null;
  readonly maxModelLen: number;
  readonly enableChunkedPrefill: boolean;
  /** 0 = off. */
  readonly longPrefillTokenThreshold: number;
  readonly schedulerReserveFullIsl: boolean;
  readonly policy: 'fcfs' | 'priority';
  readonly asyncScheduling: boolean;
  readonly numSpeculativeTokens: number;
  readonly numLookaheadTokens: number;
  readonly useEagle: boolean;
  /** The multimodal encoder; absent for text models. */
  readonly encoder?: EncoderConfig;
}

/** Tokens that a step may compute. */
export function tokenBudgetOf({ maxNumScheduledTokens, maxNumBatchedTokens }: SchedulerConfig): number {
  return maxNumScheduledTokens ?? maxNumBatchedTokens;
}

/** vLLM's encoder budget (`MultiModalBudget`), in embeddings: one per placeholder token of an image. */
export interface EncoderConfig {
  /** Most that one step computes. */
  readonly computeBudget: number;
  readonly cacheSize: number;
  /** An image's placeholders are not cut by a chunk of the prompt. */
  readonly disableChunkedMmInput: boolean;
}
