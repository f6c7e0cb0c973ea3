import type { Scenario } from '../scenario/scenario.ts';
import { type Check, refuse } from './check.ts';
import { flagsOf } from './flags.ts';

/** Ways to draft that need the step's tokens on the CPU before the next one is scheduled. */
const NEEDS_TOKENS = new Set(['ngram', 'suffix', 'medusa', 'mlp_speculator', 'custom_class']);

/** What keeps vLLM from scheduling a step while the one before it runs, in its words; null = nothing. */
function obstacle(scenario: Scenario): string | null {
  const speculative = flagsOf(scenario)('speculative_config') as Readonly<Record<string, unknown>> | null;
  if (speculative === null) return null;
  if (NEEDS_TOKENS.has(String(speculative.method))) {
    return 'Currently, async scheduling is only supported with EAGLE/MTP/Draft Model/NGram GPU kind of speculative decoding';
  }
  return speculative.disable_padded_drafter_batch === true
    ? 'Async scheduling is not compatible with disable_padded_drafter_batch=True.'
    : null;
}

/** Asked for, or not refused and nothing in its way: V1's default (vLLM `VllmConfig.__post_init__`). V0 has none. */
export function usesAsyncScheduling(scenario: Scenario): boolean {
  if (scenario.vllm === '0.6.3') return false;
  return flagsOf(scenario)('async_scheduling') !== false && obstacle(scenario) === null;
}

export const asyncScheduling: Check = ({ scenario }) => {
  const problem = flagsOf(scenario)('async_scheduling') === true ? obstacle(scenario) : null;
  return problem === null
    ? null
    : refuse(`ValueError: ${problem}`, 'leave --async-scheduling out: vLLM uses it where it can');
};
