import { InputError } from '../error.ts';

/** A logged start-up of vLLM: what the log says of the configuration, and what it printed. null = not said. */
export interface CapacityRecord {
  readonly id: string;
  readonly date: string | null;
  readonly vllm_version: string | null;
  readonly engine: 'v0' | 'v1';
  readonly model: string | null;
  readonly quantization: string | null;
  readonly dtype: string | null;
  readonly kv_cache_dtype: string | null;
  readonly gpu: string | null;
  readonly gpu_mem_gib: number | null;
  readonly tensor_parallel_size: number | null;
  readonly pipeline_parallel_size: number | null;
  readonly data_parallel_size: number | null;
  readonly decode_context_parallel?: number | null;
  readonly block_size: number | null;
  readonly gpu_memory_utilization: number | null;
  readonly max_model_len: number | null;
  readonly max_num_seqs: number | null;
  readonly max_num_batched_tokens: number | null;
  readonly enable_chunked_prefill: boolean | null;
  readonly enforce_eager: boolean | null;
  readonly swap_space_gib: number | null;
  readonly observed: Observed;
  /** Fields above that the log states; the others that have a value are defaults or inference. */
  readonly stated: readonly string[];
  readonly assumed: readonly string[];
  readonly arch: RecordArchitecture | null;
  /** Attention of several kinds, or state-space layers. */
  readonly hybrid: boolean;
  /** Whether the record's own figures fit together; null = cannot be told. */
  readonly consistent: boolean | null;
}

export interface Observed {
  readonly weights_load_gib?: number;
  readonly weights_gib?: number;
  readonly activation_peak_gib?: number;
  readonly non_torch_gib?: number;
  readonly cudagraph_est_gib?: number;
  readonly kv_cache_gib?: number;
  /** Of every rank that logs it. */
  readonly kv_cache_gib_all?: readonly number[];
  readonly num_gpu_blocks?: number;
  readonly num_cpu_blocks?: number;
  readonly kv_cache_tokens?: number;
  readonly kv_cache_tokens_all?: readonly number[];
  readonly max_concurrency?: number;
}

export interface RecordArchitecture {
  readonly num_hidden_layers: number;
  readonly num_key_value_heads: number | null;
  readonly head_dim: number | null;
  /** Ranks of the latent and of its rope part. */
  readonly mla: readonly [number, number] | null;
  readonly indexer_bytes: number | null;
  readonly hidden: number;
  /** Of a dense MLP, or of one expert. */
  readonly intermediate: number;
  readonly vocab: number;
  readonly q_heads: number;
  readonly params_b: number;
  readonly kind: string;
  readonly experts: number | null;
  readonly topk: number | null;
  readonly multimodal: boolean;
  readonly swa: { readonly n: number; readonly w: number } | null;
}

/**
 * Reads records, one JSON object a line.
 * @throws InputError for a line that is none; nothing but records may stand in the file.
 */
export function parseCapacityRecords(text: string, file: string): CapacityRecord[] {
  const records: CapacityRecord[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const wrong = (message: string) =>
      new InputError([{ file, place: { line: index + 1, column: 1 }, message }]);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw wrong(`is no JSON: ${(error as Error).message}`);
    }
    const record = value as CapacityRecord | null;
    if (typeof record?.id !== 'string' || typeof record.observed !== 'object' || record.observed === null) {
      throw wrong('is no record of a start-up: it needs id and observed');
    }
    if (record.engine !== 'v0' && record.engine !== 'v1') throw wrong('engine: expected v0 or v1');
    records.push({ ...record, stated: record.stated ?? [], assumed: record.assumed ?? [] });
  });
  return records;
}
