import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plan } from '../../sim/memory/plan.ts';
import { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { memoryStats } from '../../sim/report/memory-stats.ts';
import { findMetric } from '../../sim/report/metrics.ts';
import { measure } from '../../sim/report/series.ts';
import { type Summary, summarize } from '../../sim/report/summary.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { GIB } from '../../sim/units.ts';

/* What a scenario's run shows, in the words in which claims are made. Each runs once. */

const ROOT = new URL('../../scenarios/', import.meta.url).pathname;
const FOLDERS = ['claims', 'guides', 'paper'];

export type Evidence = ReturnType<typeof evidenceOf>;
const known = new Map<string, Evidence>();

/** The evidence of a scenario in scenarios/claims, guides or paper, by its name without ending. */
export function evidence(name: string): Evidence {
  const found = known.get(name) ?? evidenceOf(pathOf(name));
  known.set(name, found);
  return found;
}

/** Path below scenarios/. */
export function pathOf(name: string): string {
  const file = `${name}.pool.yaml`;
  const folder = FOLDERS.find((each) => readdirSync(join(ROOT, each)).includes(file));
  if (folder === undefined) throw new Error(`there is no scenario ${name}`);
  return `${folder}/${file}`;
}

function evidenceOf(path: string) {
  const file = join(ROOT, path);
  const readFile = (name: string) => readFileSync(join(dirname(file), name), 'utf8');
  const scenario = parseScenario(readFileSync(file, 'utf8'), path, { readFile });
  const result = simulateScenario(scenario, { readTrace: readFile });
  let summary: Summary | null = null;
  const started = (): Extract<Plan, { starts: true }> => {
    if (result.plan.starts) return result.plan;
    throw new Error(`${path} does not start`);
  };
  const recording = (): Recording => {
    if (result.recording !== null) return result.recording;
    throw new Error(`${path} has no run`);
  };
  const rank = () => started().ranks[0];
  const value = (metric: string, name: 'p' | 'mean' | 'max' | 'value', p = 0): number => {
    const found = measure(findMetric(metric)!, { name, p }, recording());
    if (found === null) throw new Error(`${path} has no ${metric}`);
    return found;
  };
  return {
    starts: result.plan.starts,
    because: result.plan.starts ? '' : result.plan.because,
    message: result.plan.starts ? '' : result.plan.message,
    get summary() {
      summary ??= summarize(recording());
      return summary;
    },
    get blocks() {
      return started().pool.numGpuBlocks;
    },
    get blockBytes() {
      return started().blockBytes;
    },
    get bytesPerToken() {
      return started().kvBytesPerToken;
    },
    /** Token slots of the pool. */
    get tokens() {
      return started().kvCacheTokens;
    },
    get maxConcurrency() {
      return started().maxConcurrency;
    },
    get maxModelLen() {
      return started().scheduler.maxModelLen;
    },
    get kvGib() {
      return rank().kvCacheBytes / GIB;
    },
    get weightsGib() {
      return rank().weightBytes / GIB;
    },
    get activationGib() {
      return rank().activationBytes / GIB;
    },
    get nonTorchGib() {
      return rank().nonTorchBytes / GIB;
    },
    /** Weights, activations, KV cache and the rest of a rank, of its memory. */
    get planned() {
      const { weightBytes, activationBytes, nonTorchBytes, cudaGraphBytes, kvCacheBytes, totalBytes } =
        rank();
      return (weightBytes + activationBytes + nonTorchBytes + cudaGraphBytes + kvCacheBytes) / totalBytes;
    },
    get plannedGib() {
      return (this.planned * rank().totalBytes) / GIB;
    },
    get hostGib() {
      return started().host.peak / GIB;
    },
    /** With what caches of the host hold once they are full. */
    get hostLaterGib() {
      return (started().host.peak + started().host.later) / GIB;
    },
    /** What PyTorch's allocator holds after the start, CUDA graphs included. */
    get reservedGib() {
      return rank().allocator.reservedBytes / GIB;
    },
    /** Free memory in PyTorch's allocator that is not in whole segments, after the start. */
    get inactiveMib() {
      return memoryStats(started()).fragmentation.allocator_inactive_split_bytes / 1024 ** 2;
    },
    ttft: (p: number) => value('vllm:time_to_first_token_seconds', 'p', p),
    get meanTtft() {
      return value('vllm:time_to_first_token_seconds', 'mean');
    },
    get meanLatency() {
      return value('vllm:e2e_request_latency_seconds', 'mean');
    },
    tpot: (p: number) => value('vllm:request_time_per_output_token_seconds', 'p', p),
    get throughput() {
      return value('poolscope:output_token_throughput', 'value');
    },
    get preemptions() {
      return value('vllm:num_preemptions_total', 'value');
    },
    get meanUse() {
      return value('vllm:kv_cache_usage_perc', 'mean');
    },
    get maxUse() {
      return value('vllm:kv_cache_usage_perc', 'max');
    },
    get mostRunning() {
      return value('vllm:num_requests_running', 'max');
    },
    get hitRate() {
      return value('poolscope:prefix_hit_rate', 'value');
    },
    get internalWaste() {
      return value('poolscope:internal_waste_share', 'mean');
    },
    /** Steps that schedule the same, one after the other. */
    get decisions() {
      const { steps, numSteps } = recording();
      return Array.from({ length: numSteps }, (_, step) => steps.numScheduledTokens[step]).join();
    },
    /** The shortest of the longest runs of free blocks, over all steps. */
    get leastLongestRun() {
      const cursor = new Cursor(recording());
      let least = Number.POSITIVE_INFINITY;
      for (let step = 0; step < cursor.numSteps; step++) {
        cursor.seek(step);
        least = Math.min(least, memoryStats(started(), cursor).pool.largest_free_block);
      }
      return least;
    },
    /** Share of the pool that is in use after the last step. */
    get useAtEnd() {
      const cursor = new Cursor(recording());
      cursor.seek(cursor.numSteps);
      return memoryStats(started(), cursor).pool.gpu_cache_usage;
    },
  };
}
