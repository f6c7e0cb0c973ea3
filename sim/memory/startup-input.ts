import { balancerTensors, communicationBytes, leftOnHost } from '../moe/expert-memory.ts';
import { balancerOf, scenarioShape } from '../moe/scenario-shape.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { GIB } from '../units.ts';
import { type BatchLimits, batchLimits } from './batch-limits.ts';
import { blockSizeOf } from './block-size.ts';
import type { AllocatorConf } from './caching-allocator/conf.ts';
import { drafterOf } from './drafter.ts';
import { isSwitchedOn } from './environment.ts';
import { fitsLength } from './fitted-length.ts';
import { profilesEncoder } from './flagged-model.ts';
import { flagsOf, numberOf } from './flags.ts';
import { graphsOf } from './graph-flags.ts';
import { separatesKinds } from './hybrid-manager.ts';
import type { LoraSlots } from './lora.ts';
import { type ResolvedHardware, resolveHardware } from './resolve.ts';
import { rulesOf } from './rules.ts';
import type { StartupInput } from './startup.ts';

/** Of --all2all-backend. */
const EXCHANGES_BATCHES: readonly string[] = ['deepep_low_latency', 'nixl_ep'];

/** The limits of a scenario's batches, its flags and vLLM's defaults together. */
export function limitsOf(scenario: Scenario, { gpu, architecture, parallel }: ResolvedHardware): BatchLimits {
  const flag = flagsOf(scenario);
  // V0 does not chunk by itself where there are adapters.
  const isOff = scenario.vllm === '0.6.3' && flag('enable_lora') === true;
  const chunked = flag('enable_chunked_prefill') ?? (isOff ? false : null);
  return batchLimits(
    {
      maxModelLen: fitsLength(scenario) ? null : numberOf(flag('max_model_len'), null),
      maxNumSeqs: numberOf(flag('max_num_seqs'), null),
      maxNumBatchedTokens: numberOf(flag('max_num_batched_tokens'), null),
      enableChunkedPrefill: typeof chunked === 'boolean' ? chunked : null,
      maxNumPartialPrefills: numberOf(flag('max_num_partial_prefills'), null),
      longPrefillTokenThreshold: numberOf(flag('long_prefill_token_threshold'), null),
      doublesDefaults: flag('performance_mode') === 'throughput',
      exchangesBatches:
        EXCHANGES_BATCHES.includes(String(flag('all2all_backend'))) && parallel.experts && parallel.data > 1,
    },
    rulesOf(scenario.vllm),
    gpu,
    architecture,
  );
}

/** What the flags that size a pool come to, stated or by default. */
export function sizingFlags(scenario: Scenario) {
  const flag = flagsOf(scenario);
  const rules = rulesOf(scenario.vllm);
  const hardware = resolveHardware(scenario);
  const { architecture } = hardware;
  return {
    gpu_memory_utilization: numberOf(flag('gpu_memory_utilization'), rules.memoryShare),
    block_size: blockSizeOf(scenario, hardware),
    max_model_len: limitsOf(scenario, hardware).maxModelLen,
    tensor_parallel_size: numberOf(flag('tensor_parallel_size'), 1),
    ...(architecture.moe !== null && { enable_expert_parallel: hardware.parallel.experts }),
  };
}

export type SizingFlags = ReturnType<typeof sizingFlags>;

/** All that the memory of a scenario's start depends on. */
export function startupInputOf(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
  allocatorConf: AllocatorConf,
): StartupInput {
  const flag = flagsOf(scenario);
  const { gpu, architecture } = hardware;
  const usual = rulesOf(scenario.vllm);
  const estimates = isSwitchedOn(scenario, 'VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS');
  const rules = { ...usual, budgetsGraphs: usual.budgetsGraphs && estimates };
  return {
    architecture,
    rules,
    parallel: hardware.parallel,
    format: hardware.weightFormat,
    kvElementBytes: hardware.kvElementBytes,
    blockSize: blockSizeOf(scenario, hardware),
    limits,
    totalBytes: Math.round(gpu.memoryGib * GIB),
    computeCapability: gpu.computeCapability,
    link: gpu.link,
    memoryShare: numberOf(flag('gpu_memory_utilization'), rules.memoryShare),
    graphs: graphsOf(scenario, hardware, limits),
    separateKinds: separatesKinds(scenario, architecture),
    kvCacheMemoryBytes: numberOf(flag('kv_cache_memory_bytes'), null),
    numBlocksOverride: numberOf(flag('num_gpu_blocks_override'), null),
    fitsLength: fitsLength(scenario),
    lora: loraSlots(scenario),
    profilesEncoder: profilesEncoder(scenario),
    drafter: drafterOf(scenario, architecture, hardware.weightFormat),
    offloadBytes: Math.round(numberOf(flag('cpu_offload_gb'), 0) * GIB) + cachedExperts(scenario, hardware),
    ...besideExperts(scenario, hardware, limits),
    otherBytes: scenario.hardware.otherGib.map((gib) => Math.round(gib * GIB)),
    allocatorConf,
  };
}

/** vLLM's defaults where the flags do not say. */
function loraSlots(scenario: Scenario): LoraSlots | null {
  const flag = flagsOf(scenario);
  if (flag('enable_lora') !== true) return null;
  return {
    adapters: numberOf(flag('max_loras'), 1),
    rank: numberOf(flag('max_lora_rank'), 16),
    sharded: flag('fully_sharded_loras') === true,
    extraVocabulary: scenario.vllm === '0.6.3' ? numberOf(flag('lora_extra_vocab_size'), 256) : 0,
  };
}

/** Bytes of experts per rank that the scenario's expert cache, an experiment, leaves in host memory. */
function cachedExperts(scenario: Scenario, hardware: ResolvedHardware): number {
  const { expertCache } = scenario.moe;
  const shape = scenarioShape(scenario, hardware, 0);
  return expertCache === null || shape === null ? 0 : leftOnHost(shape, expertCache.slots);
}

/** What spread experts need on a rank beside their weights. */
function besideExperts(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
): Pick<StartupInput, 'balancerTensors' | 'communicationBytes'> {
  const shape = scenarioShape(scenario, hardware, limits.maxNumBatchedTokens);
  const balancer = balancerOf(scenario);
  if (shape === null) return { balancerTensors: [], communicationBytes: 0 };
  return {
    balancerTensors: balancer === null ? [] : balancerTensors(shape, balancer),
    communicationBytes: communicationBytes(shape),
  };
}
