import { isObject } from '../plain-values.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';
import { type Check, refuse } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';

/** num_redundant_experts of --eplb-config. */
export function redundantExperts(config: FlagValue): number {
  return isObject(config) ? numberOf(config.num_redundant_experts, 0) : 0;
}

/** vLLM's checks of its expert-parallel load balancer (config/parallel.py, fused_moe/layer.py). */
export const eplb: Check = ({ scenario, architecture, parallel }) => {
  const flag = flagsOf(scenario);
  const redundant = redundantExperts(flag('eplb_config'));
  const { tensor, data } = parallel;
  if (redundant < 0) {
    return refuse(
      `ValidationError: 1 validation error for EPLBConfig: num_redundant_experts: Input should be greater than or equal to 0 [type=greater_than_equal, input_value=${redundant}]`,
      'num_redundant_experts 0 or more',
    );
  }
  if (flag('enable_eplb') !== true) {
    return redundant === 0
      ? null
      : refuse(
          `ValueError: num_redundant_experts is set to ${redundant} but EPLB is not enabled. Either enable EPLB or unset num_redundant_experts.`,
          'add --enable-eplb',
        );
  }
  if (!parallel.experts) {
    return refuse(
      'ValueError: enable_expert_parallel must be True to use EPLB.',
      'add --enable-expert-parallel',
    );
  }
  if (tensor * data === 1) {
    return refuse(
      `ValueError: EPLB requires tensor_parallel_size or data_parallel_size to be greater than 1, but got TP=${tensor},DP=${data}.`,
      'one GPU has nothing to balance: leave --enable-eplb out',
    );
  }
  const physical = (architecture.moe?.numExperts ?? 0) + redundant;
  if (architecture.moe === null || physical % (tensor * data) === 0) return null;
  const missing = tensor * data - (physical % (tensor * data));
  return refuse(
    'AssertionError: EPLB currently only supports even distribution of experts across ranks.',
    `${physical} experts on ${tensor * data} ranks: num_redundant_experts ${redundant + missing}`,
  );
};
