import type { ClusterOptions } from './engine/cluster.ts';
import { LeastLoaded, leastLoaded } from './engine/routers/least-loaded.ts';
import { DEFAULT_PREFIX_AWARE, PrefixAware } from './engine/routers/prefix-aware.ts';
import { RoundRobin } from './engine/routers/round-robin.ts';
import type { Router } from './engine/routers/router.ts';
import { VllmInternal } from './engine/routers/vllm-internal.ts';
import type { SimulationInput } from './engine/simulation-input.ts';
import type { ResolvedHardware } from './memory/resolve.ts';
import type { RecordingHeader } from './recording/recording.ts';
import type { RouterSpec } from './scenario/replicas.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { Workload } from './workload/workload.ts';

/** The engines of a scenario, and what joins them. */
export interface Deployment extends ClusterOptions {
  readonly count: number;
  /** What each engine is, for a reader; null if there is one. */
  readonly about: NonNullable<RecordingHeader['replica']>['of'] | null;
  /** What one engine has of the input. */
  readonly part: (input: SimulationInput) => SimulationInput;
}

const whole = (input: SimulationInput) => input;

/**
 * The engines that a scenario starts: replicas behind a router of its own, V1's data-parallel ranks behind vLLM's, or
 * V0's virtual engines, one for each stage of the pipeline (vLLM 0.6.3 `LLMEngine.scheduler`).
 */
export function deploymentOf(
  scenario: Scenario,
  { architecture, parallel }: ResolvedHardware,
  workload: Workload,
): Deployment {
  const { replicas } = scenario;
  if (replicas !== null && replicas.count > 1) {
    const router = routerOf(replicas.router, workload, replicas.count);
    return {
      count: replicas.count,
      router,
      part: whole,
      about: { kind: 'replica', router: replicas.router.kind },
    };
  }
  if (parallel.data > 1) {
    return {
      count: parallel.data,
      router: new VllmInternal(parallel.data),
      ...(architecture.moe !== null && { shared: 'experts' }),
      part: whole,
      about: { kind: 'data-parallel rank', router: 'vllm' },
    };
  }
  if (scenario.vllm === '0.6.3' && parallel.pipeline > 1 && scenario.contiguous === null) {
    return {
      count: parallel.pipeline,
      router: LEAST_UNFINISHED,
      shared: 'stages',
      part: (input) => shareOfBlocks(input, parallel.pipeline),
      about: { kind: 'virtual engine', router: 'vllm' },
    };
  }
  return { count: 1, part: whole, about: null };
}

/** vLLM 0.6.3 `LLMEngine._add_processed_request`: the first of those with the fewest unfinished requests. */
const LEAST_UNFINISHED: Router = { pick: (_request, engines) => leastLoaded(engines) };

function routerOf(spec: RouterSpec, workload: Workload, count: number): Router {
  switch (spec.kind) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-loaded':
      return new LeastLoaded();
    case 'prefix-aware':
      return new PrefixAware(workload, count, {
        cacheThreshold: spec.cacheThreshold ?? DEFAULT_PREFIX_AWARE.cacheThreshold,
        balanceAbsThreshold: spec.balanceAbsThreshold ?? DEFAULT_PREFIX_AWARE.balanceAbsThreshold,
        balanceRelThreshold: spec.balanceRelThreshold ?? DEFAULT_PREFIX_AWARE.balanceRelThreshold,
      });
  }
}

/** vLLM 0.6.3 `Scheduler.__init__`: blocks are divided among the virtual engines, the rest lies idle. */
function shareOfBlocks(input: SimulationInput, numEngines: number): SimulationInput {
  const { pool, v0 } = input;
  return {
    ...input,
    pool: { ...pool, numGpuBlocks: Math.floor(pool.numGpuBlocks / numEngines) },
    ...(v0 && { v0: { ...v0, numCpuBlocks: Math.floor(v0.numCpuBlocks / numEngines) } }),
  };
}
