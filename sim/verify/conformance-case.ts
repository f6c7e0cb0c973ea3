/** One recorded case of vLLM's scheduler, as far as V1 cases use the format. */
export interface ConformanceCase {
  readonly case: string;
  readonly category?: string;
  readonly config: ConformanceConfig;
  readonly requests: readonly ConformanceRequest[];
  readonly steps?: readonly ConformanceStep[];
  /** Totals, in cases that hold no steps. */
  readonly expect?: Readonly<Record<'steps' | 'slots' | 'scheduled_tokens' | 'preemptions', number>>;
  readonly source?: { readonly engine?: string };
}

export interface ConformanceConfig {
  readonly block_size: number;
  readonly num_gpu_blocks: number;
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  readonly max_num_scheduled_tokens: number | null;
  readonly max_model_len: number;
  readonly enable_chunked_prefill: boolean;
  readonly long_prefill_token_threshold: number;
  readonly scheduler_reserve_full_isl: boolean;
  readonly enable_prefix_caching: boolean;
  readonly policy: 'fcfs' | 'priority';
  readonly num_speculative_tokens: number;
  readonly num_lookahead_tokens: number;
  readonly use_eagle: boolean;
  readonly async_scheduling: boolean;
  readonly hash_block_size: number;
  readonly kv_cache_groups: readonly {
    readonly kind: 'full' | 'sliding_window' | 'chunked_local';
    readonly block_size: number;
    readonly window?: number;
  }[];
}

export interface ConformanceRequest {
  readonly id: string;
  readonly add_before_step: number;
  readonly arrival_time: number;
  readonly priority: number;
  readonly prompt: readonly (readonly [segment: string, start: number, length: number])[];
  readonly max_tokens: number;
  readonly abort_before_step?: number;
  readonly accept?: readonly number[];
}

export interface ConformanceStep {
  readonly step: number;
  readonly scheduled: readonly (readonly [string, number])[];
  readonly computed: Readonly<Record<string, number>>;
  readonly new_blocks: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cached: Readonly<Record<string, number>>;
  readonly preempted: readonly string[];
  readonly finished: readonly string[];
  readonly aborted: readonly string[];
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  readonly free_blocks: number;
  readonly free_blocks_after: number;
}
