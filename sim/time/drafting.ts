import type { Architecture } from '../catalog/architecture.ts';
import type { BatchShape } from './step-time.ts';

/** Who drafts for the next step: one pass over the batch, then one token a sequence at a time. Nothing of it was measured. */
export interface Drafting {
  /** null: how long it takes is not known, and it is taken to be nothing. */
  readonly model: Architecture | null;
  /** Drafts for each sequence. */
  readonly numTokens: number;
}

/** The batch of one more draft for each sequence that sampled, into `drafts`. */
export function oneMoreEach(batch: BatchShape, drafts: BatchShape): void {
  const { numSampled: n, numPrefills, prefillTokens, prefillComputed } = batch;
  drafts.numRequests = n;
  drafts.numTokens = n;
  drafts.numSampled = n;
  drafts.numDecodes = n;
  drafts.decodeContextTokens = batch.decodeContextTokens;
  drafts.maxDecodeContext = batch.maxDecodeContext;
  for (let i = 0; i < numPrefills; i++) {
    const length = prefillTokens[i] + prefillComputed[i];
    drafts.decodeContextTokens += length;
    drafts.maxDecodeContext = Math.max(drafts.maxDecodeContext, length);
  }
}
