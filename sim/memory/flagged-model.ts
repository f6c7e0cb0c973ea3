import type { Architecture } from '../catalog/architecture.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { isObject } from '../plain-values.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';
import { flagsOf } from './flags.ts';

/* Flags that make another model of the one that the config.json describes. */

/** A config.json with --hf-overrides, or V0's --rope-scaling, laid over it; objects are merged, as vLLM does. */
export function overridden(config: ModelConfig, scenario: Scenario): ModelConfig {
  const flag = flagsOf(scenario);
  const rope = flag('rope_scaling');
  const stated = isObject(rope) ? { ...config, rope_scaling: rope } : config;
  const overrides = flag('hf_overrides');
  return isObject(overrides) ? merged(stated, overrides) : stated;
}

function merged(config: ModelConfig, overrides: ModelConfig): ModelConfig {
  const result: Record<string, unknown> = { ...config };
  for (const [name, value] of Object.entries(overrides)) {
    const below = config[name];
    result[name] = isObject(below) && isObject(value) ? merged(below, value) : value;
  }
  return result;
}

/** The architecture without what flags turn off: its windows, its encoder. */
export function asFlagged(architecture: Architecture, scenario: Scenario): Architecture {
  const flag = flagsOf(scenario);
  const { localAttention, maxPositionEmbeddings } = architecture;
  const isText =
    flag('language_model_only') === true ||
    (scenario.vllm !== '0.6.3' && takesNoItems(flag('limit_mm_per_prompt')));
  const text = isText ? { ...architecture, isMultimodal: false, encoder: null } : architecture;
  if (flag('disable_sliding_window') !== true || localAttention?.kind !== 'sliding_window') return text;
  // vLLM then serves no more than every layer sees.
  const length = Math.min(maxPositionEmbeddings, localAttention.window);
  return { ...text, localAttention: null, maxPositionEmbeddings: length };
}

/** Whether the profiling run sends images through the encoder. */
export function profilesEncoder(scenario: Scenario): boolean {
  const flag = flagsOf(scenario);
  return flag('skip_mm_profiling') !== true && !takesNoItems(flag('limit_mm_per_prompt'));
}

/** Whether --limit-mm-per-prompt says 0 of everything: `image=0` in V0, `{"image": 0}` or `{"image": {"count": 0}}`. */
function takesNoItems(limits: FlagValue): boolean {
  if (typeof limits === 'string') return /^\w+=0(,\w+=0)*$/.test(limits);
  if (!isObject(limits)) return false;
  const counts = Object.values(limits).map((limit) => (isObject(limit) ? limit.count : limit));
  return counts.length > 0 && counts.every((count) => count === 0);
}
