import type { Scenario } from '../scenario/scenario.ts';
import { ALLOCATOR_VARIABLES } from './allocator-conf.ts';

/** vLLM's environment variables that are switches, and what they are where they are not set. */
const SWITCHES = {
  /** --max-model-len may be more than the model's own length. */
  VLLM_ALLOW_LONG_MAX_MODEL_LEN: false,
  /** V1 takes its estimate of the CUDA graphs from the budget. */
  VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS: true,
  /** V1's hybrid manager takes chunked local attention. */
  VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE: true,
} as const;

export function isSwitchedOn({ env }: Scenario, name: keyof typeof SWITCHES): boolean {
  return Object.hasOwn(env, name) ? /^\s*(1|true)\s*$/i.test(env[name]) : SWITCHES[name];
}

/** Those of a scenario that change nothing here. */
export function unreadVariables({ env }: Scenario): string[] {
  const read = new Set<string>([...ALLOCATOR_VARIABLES, ...Object.keys(SWITCHES)]);
  return Object.keys(env).filter((name) => !read.has(name));
}
