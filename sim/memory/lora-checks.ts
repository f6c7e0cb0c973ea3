import { type Check, refuse } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';

const V0_RANKS = [8, 16, 32, 64, 128, 256];
const V1_RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];

/** vLLM's checks of its adapters (LoRAConfig). */
export const lora: Check = ({ scenario, limits }) => {
  const flag = flagsOf(scenario);
  if (flag('enable_lora') !== true) return null;
  const isV0 = scenario.vllm === '0.6.3';
  const ranks = isV0 ? V0_RANKS : V1_RANKS;
  const rank = numberOf(flag('max_lora_rank'), 16);
  if (!ranks.includes(rank)) {
    const larger = ranks.find((one) => one >= rank) ?? ranks[ranks.length - 1];
    return refuse(
      isV0
        ? `ValueError: max_lora_rank (${rank}) must be one of (${ranks.join(', ')}).`
        : `ValidationError: 1 validation error for LoRAConfig: max_lora_rank: Input should be ${ranks.slice(0, -1).join(', ')} or ${ranks[ranks.length - 1]} [type=literal_error, input_value=${rank}]`,
      `--max-lora-rank ${larger}`,
    );
  }
  const adapters = numberOf(flag('max_loras'), 1);
  if (adapters < 1) {
    return refuse(
      isV0
        ? `ValueError: max_loras (${adapters}) must be >= 1.`
        : `ValidationError: 1 validation error for LoRAConfig: max_loras: Input should be greater than or equal to 1 [type=greater_than_equal, input_value=${adapters}]`,
      '--max-loras 1 or more',
    );
  }
  const onHost = numberOf(flag('max_cpu_loras'), adapters);
  if (onHost < adapters) {
    return refuse(
      `ValueError: max_cpu_loras (${onHost}) must be >= max_loras (${adapters})${isV0 ? '' : '.'}`,
      `--max-cpu-loras ${adapters} or more`,
    );
  }
  return isV0 && limits.enableChunkedPrefill
    ? refuse(
        'ValueError: LoRA is not supported with chunked prefill yet.',
        'leave --enable-chunked-prefill out',
      )
    : null;
};
