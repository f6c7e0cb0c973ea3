/** One recorded case of vLLM's V1 scheduler. */
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

/** One recorded case of vLLM 0.6.3's engine. In its steps, a missing key means empty or zero. */
export interface V0Case {
  readonly case: string;
  readonly category?: string;
  readonly config: V0CaseConfig;
  readonly requests: readonly V0CaseRequest[];
  readonly steps: readonly V0Step[];
  /** "drained", "max_steps", or the error with which the engine died. */
  readonly end: string;
  readonly source: { readonly engine: 'v0' };
}

export interface V0CaseConfig {
  readonly block_size: number;
  readonly num_gpu_blocks: number;
  readonly num_cpu_blocks: number;
  readonly watermark: number;
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  readonly max_model_len: number;
  readonly enable_chunked_prefill: boolean;
  readonly enable_prefix_caching: boolean;
  readonly sliding_window: number | null;
  readonly preemption_mode: 'recompute' | 'swap' | null;
  readonly policy: 'fcfs' | 'priority';
  readonly delay_factor: number;
  readonly num_lookahead_slots: number;
  readonly async_output_proc: boolean;
  /** Seconds that a step takes, without and with prompts. */
  readonly clock: { readonly dt: number; readonly prefill_dt: number };
}

export interface V0CaseRequest extends ConformanceRequest {
  readonly n?: number;
  /** Outputs after which each sequence meets a stop token. */
  readonly lens?: readonly number[];
}

export interface V0Step {
  readonly step: number;
  readonly t: number;
  readonly aborted?: readonly string[];
  /** The engine died: the fields below are missing. */
  readonly error?: string;
  readonly scheduled?: readonly (readonly [string, number])[];
  readonly num_prefill_groups?: number;
  readonly num_batched_tokens?: number;
  readonly computed?: Readonly<Record<string, number>>;
  readonly new_blocks?: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly changed?: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cached?: Readonly<Record<string, number>>;
  readonly computed_blocks?: Readonly<Record<string, readonly number[]>>;
  readonly preempted?: readonly string[];
  readonly preempt_modes?: readonly string[];
  readonly forced?: number;
  readonly ignored?: readonly string[];
  readonly finished?: readonly string[];
  readonly swap_in?: readonly (readonly number[])[];
  readonly swap_out?: readonly (readonly number[])[];
  readonly copy?: readonly (readonly number[])[];
  readonly running?: readonly string[];
  readonly waiting?: readonly string[];
  readonly swapped?: readonly string[];
  readonly free_blocks?: number;
  readonly free_blocks_after?: number;
  readonly free_cpu_blocks?: number;
  readonly free_cpu_blocks_after?: number;
}
