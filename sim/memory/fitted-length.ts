import type { Scenario } from '../scenario/scenario.ts';
import { flagsOf } from './flags.ts';
import { longestRequest } from './kv-layout.ts';
import { type StartupInput, startUp } from './startup.ts';

/** `--max-model-len auto` of V1, as the parser hands it on. */
const AUTO = -1;

/** Whether V1 is to find the length of the longest request by itself. */
export function fitsLength(scenario: Scenario): boolean {
  return scenario.vllm !== '0.6.3' && flagsOf(scenario)('max_model_len') === AUTO;
}

/**
 * With the longest requests of which one fits into the KV cache, at most the model's own length
 * (`_auto_fit_max_model_len`). What was sized before, the batch, stays as the model's length made it. Null where not
 * one token fits.
 */
export function withFittedLength(input: StartupInput): StartupInput | null {
  const { layout, numBlocks } = startUp(input);
  const { maxModelLen, maxNumBatchedTokens } = input.limits;
  const fits = longestRequest(layout, numBlocks, maxModelLen, maxNumBatchedTokens);
  return fits === 0 ? null : { ...input, limits: { ...input.limits, maxModelLen: fits } };
}
