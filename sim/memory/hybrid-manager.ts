import type { Architecture } from '../catalog/architecture.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Check, refuse } from './check.ts';
import { draftingOf } from './drafting.ts';
import { isSwitchedOn } from './environment.ts';
import { flagsOf } from './flags.ts';

/* V1's hybrid KV cache manager: groups by kind of attention, so that local layers keep only what they see. */

/** What vLLM does not have with it: chunked local attention with drafts from hidden states, or where that is turned off. */
function rulesItOut(scenario: Scenario, { localAttention }: Architecture): boolean {
  if (localAttention?.kind !== 'chunked_local') return false;
  return (
    draftingOf(scenario)?.readsHiddenStates === true ||
    !isSwitchedOn(scenario, 'VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE')
  );
}

/**
 * Whether kinds of attention have cache groups of their own. V0 keeps the whole context for every layer; V1 without
 * the manager does where kinds are mixed.
 */
export function separatesKinds(scenario: Scenario, architecture: Architecture): boolean {
  if (scenario.vllm === '0.6.3') return false;
  if (architecture.localAttention?.isLocal.every(Boolean)) return true;
  return flagsOf(scenario)('disable_hybrid_kv_cache_manager') !== true && !rulesItOut(scenario, architecture);
}

export const hybridManager: Check = ({ scenario, architecture }) =>
  flagsOf(scenario)('disable_hybrid_kv_cache_manager') === false && rulesItOut(scenario, architecture)
    ? refuse(
        'ValueError: Hybrid KV cache manager was explicitly enabled but is not supported in this configuration. Consider omitting the --no-disable-hybrid-kv-cache-manager flag to let vLLM decide automatically.',
        'leave --no-disable-hybrid-kv-cache-manager out',
      )
    : null;
