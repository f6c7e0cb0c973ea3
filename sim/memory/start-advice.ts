import type { RankMemory } from './plan.ts';
import type { StartupInput } from './startup.ts';
import { gib } from './units.ts';

/** What makes the profiled batch smaller, whichever part of it is the largest. */
export function smallerBatch({ limits }: StartupInput, { activation }: RankMemory): string {
  return activation.sampler > activation.mlp
    ? `--max-num-seqs below ${limits.maxNumSeqs} (the sampler takes ${gib(activation.sampler)} GiB)`
    : `--max-num-batched-tokens below ${limits.maxNumBatchedTokens} (the MLP takes ${gib(activation.mlp)} GiB)`;
}
