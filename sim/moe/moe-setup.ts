import type { Architecture } from '../catalog/architecture.ts';
import { redundantExperts } from '../memory/eplb-checks.ts';
import { flagsOf, numberOf } from '../memory/flags.ts';
import { stageLayers } from '../memory/parallel.ts';
import type { Plan } from '../memory/plan.ts';
import { type ResolvedHardware, resolveHardware } from '../memory/resolve.ts';
import { GIB } from '../memory/units.ts';
import { rankWeights } from '../memory/weights.ts';
import type { FlagValue, Scenario } from '../scenario/scenario.ts';
import { type Balancer, DEFAULT_BALANCER } from './eplb.ts';
import { MoeObserver } from './moe-observer.ts';
import { type Offload, offloadedShares, pcieBytesPerSecond } from './offload.ts';
import { defaultPopularity } from './popularity.ts';
import { type ExpertRouter, PopularityRouter } from './router.ts';
import { readRoutingTrace, TraceRouter } from './routing-trace.ts';
import { type AllToAll, type MoeShape, moeShapeOf } from './shape.ts';

const ALL_TO_ALL: Readonly<Record<string, AllToAll>> = {
  allgather_reducescatter: 'allgather',
  // vLLM replaces them.
  naive: 'allgather',
  pplx: 'allgather',
  deepep_high_throughput: 'deepep-high-throughput',
  deepep_low_latency: 'deepep-low-latency',
};

export interface Experts {
  readonly architecture: Architecture;
  readonly observer: MoeObserver;
  readonly notes: readonly string[];
}

/**
 * What follows the experts of a scenario; null if its model has none.
 * @param readFile the text of a routing trace.
 * @throws InputError for a trace that cannot be read or is of another model.
 */
export function expertsOf(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
  readFile: (path: string) => string,
): Experts | null {
  const hardware = resolveHardware(scenario);
  const backend = String(flagsOf(scenario)('all2all_backend') ?? 'allgather_reducescatter');
  const shape = moeShapeOf(hardware.architecture, hardware.parallel, hardware.weightFormat, {
    engine: scenario.vllm === '0.6.3' ? 'v0' : 'v1',
    allToAll: ALL_TO_ALL[backend] ?? 'allgather',
    maxTokens: plan.scheduler.maxNumBatchedTokens,
  });
  if (shape === null) return null;
  const balancer = balancerOf(scenario);
  const offload = offloadOf(scenario, hardware);
  const notes: string[] = [];
  if (scenario.moe.expertCache !== null) notes.push('no vLLM has an expert cache: this is an experiment');
  if (scenario.moe.routingReuse) notes.push('no vLLM reuses routing decisions: this is an experiment');
  if (balancer !== null) notes.push("the load balancer's own memory is not taken from the KV cache");
  if (shape.spread && shape.replicas > 1 && !Object.hasOwn(ALL_TO_ALL, backend)) {
    notes.push(`buffers of --all2all-backend ${backend} are not modelled: those of allgather are shown`);
  }
  return {
    architecture: hardware.architecture,
    observer: new MoeObserver({ shape, router: routerOf(scenario, shape, readFile), balancer, offload }),
    notes,
  };
}

function routerOf(scenario: Scenario, shape: MoeShape, readFile: (path: string) => string): ExpertRouter {
  const { routing } = scenario.moe;
  if (routing.kind === 'trace') {
    return new TraceRouter(readRoutingTrace(readFile(routing.path), routing.path, shape), shape);
  }
  const { exponent, shift, locality } = defaultPopularity(shape.numExperts);
  const popularity = {
    exponent: routing.exponent ?? exponent,
    shift: routing.shift ?? shift,
    locality: routing.locality ?? locality,
  };
  return new PopularityRouter(shape, popularity, scenario.seed);
}

function balancerOf(scenario: Scenario): Balancer | null {
  const flag = flagsOf(scenario);
  if (flag('enable_eplb') !== true) return null;
  const config = (flag('eplb_config') ?? {}) as Readonly<Record<string, FlagValue>>;
  return {
    redundant: redundantExperts(config),
    window: numberOf(config.window_size ?? null, DEFAULT_BALANCER.window),
    interval: numberOf(config.step_interval ?? null, DEFAULT_BALANCER.interval),
  };
}

function offloadOf(
  scenario: Scenario,
  { architecture, parallel, weightFormat, gpu }: ResolvedHardware,
): Offload | null {
  const { expertCache } = scenario.moe;
  const offloadBytes = Math.round(numberOf(flagsOf(scenario)('cpu_offload_gb'), 0) * GIB);
  const bytesPerSecond = pcieBytesPerSecond(gpu.link);
  const { moe, numLayers } = architecture;
  if (moe === null) return null;
  if (expertCache !== null) {
    return { ...expertCache, shares: Array.from({ length: moe.layers }, () => 1), bytesPerSecond };
  }
  if (offloadBytes === 0) return null;
  const shares = stageLayers(numLayers, parallel.pipeline).flatMap(({ first, end }, stage) => {
    const place = { tensorRank: 0, replica: 0, stage };
    const { attention, mlp, experts } = rankWeights(architecture, parallel, place, weightFormat);
    const hasExperts = moe.hasExperts.slice(first, end);
    const perLayer = experts / Math.max(1, hasExperts.filter(Boolean).length);
    return offloadedShares(offloadBytes, hasExperts, (attention + mlp) / (end - first), perLayer);
  });
  return { slots: 0, policy: 'lru', prefetch: 0, shares, bytesPerSecond };
}
