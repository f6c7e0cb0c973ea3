import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import { type BatchLimits, batchLimits } from '../memory/batch-limits.ts';
import type { StartupRules } from '../memory/rules.ts';
import { recordGpu } from './capacity-gpu.ts';
import type { CapacityRecord } from './capacity-record.ts';

/** vLLM's smaller defaults: those of most GPUs. */
const UNKNOWN_GPU: Pick<Gpu, 'id' | 'memoryGib'> = { id: '', memoryGib: 24 };

/** The limits of a record's batches: what it says, and its release's defaults for what it does not. */
export function recordLimits(record: CapacityRecord, rules: StartupRules, model: Architecture): BatchLimits {
  return batchLimits(
    {
      maxModelLen: record.max_model_len,
      maxNumSeqs: record.max_num_seqs,
      maxNumBatchedTokens: record.max_num_batched_tokens,
      enableChunkedPrefill: record.enable_chunked_prefill,
      maxNumPartialPrefills: null,
      longPrefillTokenThreshold: null,
    },
    rules,
    recordGpu(record) ?? UNKNOWN_GPU,
    model,
  );
}
