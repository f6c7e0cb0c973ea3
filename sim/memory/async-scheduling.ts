import type { Scenario } from '../scenario/scenario.ts';
import { type Check, refuse } from './check.ts';
import { draftingOf, draftsAsynchronously } from './drafting.ts';
import { flagsOf } from './flags.ts';

/** What keeps vLLM from scheduling a step while the one before it runs, in its words; null = nothing. */
function obstacle(scenario: Scenario): string | null {
  const drafting = draftingOf(scenario);
  if (drafting === null) return null;
  if (!draftsAsynchronously(drafting) && drafting.method !== 'draft_model') {
    return 'Currently, async scheduling is only supported with EAGLE/MTP/Draft Model/NGram GPU kind of speculative decoding';
  }
  return drafting.disablesPaddedBatch
    ? 'Async scheduling is not compatible with disable_padded_drafter_batch=True.'
    : null;
}

/** Asked for, or vLLM's own choice (`VllmConfig.__post_init__`): not with a draft model, unless asked. V0 has none. */
export function usesAsyncScheduling(scenario: Scenario): boolean {
  if (scenario.vllm === '0.6.3') return false;
  const stated = flagsOf(scenario)('async_scheduling');
  const isAsked = stated === true || (stated !== false && draftingOf(scenario)?.method !== 'draft_model');
  return isAsked && obstacle(scenario) === null;
}

export const asyncScheduling: Check = ({ scenario }) => {
  const problem = flagsOf(scenario)('async_scheduling') === true ? obstacle(scenario) : null;
  return problem === null
    ? null
    : refuse(`ValueError: ${problem}`, 'leave --async-scheduling out: vLLM uses it where it can');
};
