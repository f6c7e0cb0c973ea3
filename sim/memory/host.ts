import type { Scenario } from '../scenario/scenario.ts';
import { GIB, gib } from '../units.ts';
import type { Refusal } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';
import { worldSize } from './parallel.ts';
import { kvTensors, offloadedTensors } from './start-tensors.ts';
import type { Startup, StartupInput } from './startup.ts';

/** Resident memory of a Python process with a CUDA context: 2,056,600 kB in pytorch/pytorch#113326. */
const GPU_PROCESS_BYTES = 1.96 * GIB;
/** Of one without (API server with its tokenizer, V1's engine beside its workers): verl-project/verl#224. */
const PROCESS_BYTES = 0.54 * GIB;
/** Files of a *.bin checkpoint, which torch.load reads whole: Hugging Face's default max_shard_size. */
const SHARD_BYTES = 5e9;
/** V1's default of --mm-processor-cache-gb. */
const MULTIMODAL_CACHE_GIB = 4;

/** What a start takes of the host, bytes, all ranks together. */
export interface HostMemory {
  readonly processes: number;
  /** Checkpoint files that are read whole, at the worst moment; safetensors are mapped and need none. */
  readonly loading: number;
  /** Pinned weights of --cpu-offload-gb. */
  readonly offload: number;
  /** Pinned blocks of V0's --swap-space. */
  readonly swap: number;
  /** The most that is held at once and that the kernel cannot take back. */
  readonly peak: number;
  /** Mapped checkpoint files: counted by `docker stats`, but given back when memory is short. */
  readonly pageCache: number;
  /** V1's caches of processed images, once they are full. */
  readonly later: number;
  /** The container's limit or the host's memory, whichever is less; null = not stated. */
  readonly limit: number | null;
}

/** Host memory from the first import to the first request. */
export function hostMemory(
  scenario: Scenario,
  input: StartupInput,
  startup: Startup,
  numCpuBlocks: number,
): HostMemory {
  const { parallel, rules } = input;
  const { memoryGib, containerLimitGib } = scenario.host;
  const flag = flagsOf(scenario);
  const loadFormat = flag('load_format');
  const world = worldSize(parallel);
  const isOneProcess = rules.engine === 'v0' || parallel.tensor * parallel.pipeline === 1;
  // V1 has one for each replica, unless it is told.
  const apiServers = numberOf(flag('api_server_count'), rules.engine === 'v0' ? 1 : parallel.data);
  const engines = isOneProcess ? 0 : parallel.data;
  const processes = world * GPU_PROCESS_BYTES + (apiServers + engines) * PROCESS_BYTES;
  const checkpoint = startup.ranks.reduce((sum, rank) => sum + rank.weightBytes + rank.offloadedBytes, 0);
  const isRead = loadFormat === 'pt' || loadFormat === 'npcache';
  const isMapped = !isRead && loadFormat !== 'dummy';
  const loading = isRead ? world * Math.min(checkpoint, SHARD_BYTES) : 0;
  let offload = 0;
  let swap = 0;
  for (const rank of startup.ranks) {
    offload += pinned(offloadedTensors(input, rank));
    swap += pinned(kvTensors(startup.layout, parallel.pipeline, rank.place.stage, numCpuBlocks));
  }
  const cacheGib = numberOf(flag('mm_processor_cache_gb'), MULTIMODAL_CACHE_GIB);
  const hasCache = rules.engine === 'v1' && input.architecture.isMultimodal;
  const limits = [memoryGib, containerLimitGib].filter((limit) => limit !== null);
  return {
    processes: Math.round(processes),
    loading,
    offload,
    swap,
    peak: Math.round(processes + offload + Math.max(loading, swap)),
    pageCache: isMapped ? checkpoint : 0,
    // One in each API server, one in the engine of each replica.
    later: hasCache ? Math.round((apiServers + parallel.data) * cacheGib * GIB) : 0,
    limit: limits.length === 0 ? null : Math.min(...limits) * GIB,
  };
}

/** Killed while the weights are loaded; null = not. */
export function killedWhileLoading({ host }: Scenario, memory: HostMemory): Refusal | null {
  return killed(host, memory, { 'files being read': memory.loading });
}

/** Killed when V0 pins its swap space, after "# GPU blocks" is logged; null = not. */
export function killedWhilePinning({ host }: Scenario, memory: HostMemory): Refusal | null {
  return killed(host, memory, { 'pinned swap space': memory.swap });
}

/** How a start would do with less of a part. */
const WITH_LESS: Readonly<Record<string, string>> = {
  'offloaded weights': 'a smaller --cpu-offload-gb',
  'files being read': 'a checkpoint in safetensors',
  'pinned swap space': '--swap-space 0 (only requests with several sequences are ever swapped)',
};

/** vLLM says nothing: the kernel ends a process with SIGKILL. */
function killed(
  host: Scenario['host'],
  { limit, processes, offload, peak }: HostMemory,
  beside: Readonly<Record<string, number>>,
): Refusal | null {
  const parts = Object.entries({ processes, 'offloaded weights': offload, ...beside });
  const bytes = parts.reduce((sum, [, part]) => sum + part, 0);
  if (limit === null || bytes <= limit) return null;
  const held = parts.filter(([, part]) => part > 0);
  const listed = held.map(([name, part]) => `${name} ${gib(part)}`).join(', ');
  const ofContainer = host.containerLimitGib !== null && host.containerLimitGib * GIB === limit;
  const enough = `${ofContainer ? 'a container limit' : 'a host'} of ${Math.ceil(peak / GIB)} GiB or more`;
  const less = held.map(([name]) => WITH_LESS[name]).filter((way) => way !== undefined);
  return {
    because: 'host-memory',
    message: `${ofContainer ? 'Memory cgroup out' : 'Out'} of memory: Killed process (python3): exit code 137, and no word from vLLM`,
    advice: `the host's side needs ${gib(bytes)} GiB (${listed}) and may have ${gib(limit)}: ${[enough, ...less].join(', or ')}`,
  };
}

/** PyTorch's pinned allocator rounds every tensor up to a power of two (pytorch/pytorch#150517). */
function pinned(tensors: readonly number[]): number {
  return tensors.reduce((sum, bytes) => sum + powerOf2From(bytes), 0);
}

function powerOf2From(bytes: number): number {
  if (bytes <= 0) return 0;
  let power = 1;
  while (power < bytes) power *= 2;
  return power;
}
