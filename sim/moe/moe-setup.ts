import type { Architecture } from '../catalog/architecture.ts';
import { hostBytesPerSecond } from '../catalog/links.ts';
import { flagsOf, numberOf } from '../memory/flags.ts';
import { stageLayers } from '../memory/parallel.ts';
import type { Plan } from '../memory/plan.ts';
import { type ResolvedHardware, resolveHardware } from '../memory/resolve.ts';
import { rankWeights } from '../memory/weights.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { GIB } from '../units.ts';
import { MoeObserver } from './moe-observer.ts';
import { type Offload, offloadedShares } from './offload.ts';
import { defaultPopularity } from './popularity.ts';
import { type ExpertRouter, PopularityRouter } from './router.ts';
import { readRoutingTrace, TraceRouter } from './routing-trace.ts';
import { balancerOf, scenarioShape, unknownBackend } from './scenario-shape.ts';
import type { MoeShape } from './shape.ts';

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
  const shape = scenarioShape(scenario, hardware, plan.scheduler.maxNumBatchedTokens);
  if (shape === null) return null;
  const balancer = balancerOf(scenario);
  const offload = offloadOf(scenario, hardware);
  const notes: string[] = [];
  if (scenario.moe.expertCache !== null) notes.push('no vLLM has an expert cache: this is an experiment');
  if (scenario.moe.routingReuse) notes.push('no vLLM reuses routing decisions: this is an experiment');
  const backend = unknownBackend(scenario);
  if (shape.spread && shape.replicas > 1 && backend !== null) {
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

function offloadOf(
  scenario: Scenario,
  { architecture, parallel, weightFormat, gpu }: ResolvedHardware,
): Offload | null {
  const { expertCache } = scenario.moe;
  const offloadBytes = Math.round(numberOf(flagsOf(scenario)('cpu_offload_gb'), 0) * GIB);
  const bytesPerSecond = hostBytesPerSecond(gpu.link);
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
