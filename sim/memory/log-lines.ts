import { GIB, gib } from '../units.ts';
import { grouped } from '../words.ts';
import type { Startup, StartupInput } from './startup.ts';

/** The lines of vLLM's start-up log that say what became of the memory; without times and places. */
export function logLines(input: StartupInput, startup: Startup, numCpuBlocks: number): string[] {
  const { rules, limits, memoryShare } = input;
  const first = startup.ranks[0];
  const { maxModelLen } = limits;
  const concurrency = `${startup.maxConcurrency.toFixed(2)}x`;
  if (rules.engine === 'v0') {
    return [
      `Loading model weights took ${(first.weightBytes / GIB).toFixed(4)} GB`,
      `# GPU blocks: ${startup.numBlocks}, # CPU blocks: ${numCpuBlocks}`,
      `Maximum concurrency for ${maxModelLen} tokens per request: ${concurrency}`,
    ];
  }
  const lines = [
    `Model loading took ${gib(first.weightBytes + first.balancerBytes + first.drafterBytes)} GiB memory`,
  ];
  if (first.cudaGraphBytes > 0) {
    const { piecewise, full, copies } = input.graphs;
    const counted = Object.entries({ PIECEWISE: piecewise, FULL: full })
      .filter(([, sizes]) => sizes.length > 0)
      .map(([mode, sizes]) => `${mode}=${copies * sizes.length} (largest=${sizes[sizes.length - 1]})`);
    const share = first.cudaGraphBytes / first.totalBytes;
    lines.push(
      `Profiling CUDA graph memory: ${counted.join(', ')}`,
      `Estimated CUDA graph memory: ${gib(first.cudaGraphBytes)} GiB total`,
      `CUDA graph memory profiling is enabled (default since v0.21.0). The current --gpu-memory-utilization=${memoryShare.toFixed(4)} is equivalent to --gpu-memory-utilization=${(memoryShare - share).toFixed(4)} without CUDA graph memory profiling.`,
    );
  }
  lines.push(`Available KV cache memory: ${gib(first.availableBytes)} GiB`);
  if (input.numBlocksOverride !== null) {
    lines.push(
      `Overriding num_gpu_blocks=${first.numBlocks} with num_gpu_blocks_override=${input.numBlocksOverride}`,
    );
  }
  lines.push(
    `GPU KV cache size: ${grouped(startup.kvCacheTokens)} tokens`,
    `Maximum concurrency for ${grouped(maxModelLen)} tokens per request: ${concurrency}`,
  );
  return lines;
}
