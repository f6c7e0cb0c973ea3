import type { Placement } from '../../pool/contiguous/placement.ts';

/**
 * What served before paging. Three times Orca, which knows less or more of a request's outputs when it reserves
 * slots for them: nothing, their next power of two, their number. And static batches, as FasterTransformer's.
 */
export type ContiguousPolicy = 'max' | 'pow2' | 'oracle' | 'static';

export interface ContiguousConfig {
  readonly policy: ContiguousPolicy;
  /** The PagedAttention paper's Orca has a buddy system (its section 6.1). */
  readonly placement: Placement;
  /** KV cache, token slots: at most 2^30. */
  readonly totalSlots: number;
  /** Tokens of a request, prompt and outputs. */
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  /** Tokens of a step, at least maxNumSeqs; prompts are not cut, so none may be longer. */
  readonly maxNumBatchedTokens: number;
}
