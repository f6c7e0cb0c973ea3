import { redundantExperts } from '../memory/eplb-checks.ts';
import { flagsOf, numberOf } from '../memory/flags.ts';
import type { ResolvedHardware } from '../memory/resolve.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';
import { type Balancer, DEFAULT_BALANCER } from './eplb.ts';
import { type AllToAll, type MoeShape, moeShapeOf } from './shape.ts';

const DEFAULT_BACKEND = 'allgather_reducescatter';
const ALL_TO_ALL: Readonly<Record<string, AllToAll>> = {
  [DEFAULT_BACKEND]: 'allgather',
  // vLLM replaces them.
  naive: 'allgather',
  pplx: 'allgather',
  deepep_high_throughput: 'deepep-high-throughput',
  deepep_low_latency: 'deepep-low-latency',
};

/** The shape of a scenario's experts; null if its model has none. */
export function scenarioShape(
  scenario: Scenario,
  { architecture, parallel, weightFormat }: ResolvedHardware,
  maxTokens: number,
): MoeShape | null {
  return moeShapeOf(architecture, parallel, weightFormat, {
    engine: scenario.vllm === '0.6.3' ? 'v0' : 'v1',
    allToAll: ALL_TO_ALL[backendOf(scenario)] ?? 'allgather',
    maxTokens,
  });
}

/** The --all2all-backend whose buffers have no formula here; null if it is known. */
export function unknownBackend(scenario: Scenario): string | null {
  const backend = backendOf(scenario);
  return Object.hasOwn(ALL_TO_ALL, backend) ? null : backend;
}

function backendOf(scenario: Scenario): string {
  return String(flagsOf(scenario)('all2all_backend') ?? DEFAULT_BACKEND);
}

/** --enable-eplb and --eplb-config; null = no load balancer. */
export function balancerOf(scenario: Scenario): Balancer | null {
  const flag = flagsOf(scenario);
  if (flag('enable_eplb') !== true) return null;
  const config = (flag('eplb_config') ?? {}) as Readonly<Record<string, FlagValue>>;
  return {
    redundant: redundantExperts(config),
    window: numberOf(config.window_size, DEFAULT_BALANCER.window),
    interval: numberOf(config.step_interval, DEFAULT_BALANCER.interval),
  };
}
