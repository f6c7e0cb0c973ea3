import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';
import { GIB } from '../units.ts';
import type { BatchLimits } from './batch-limits.ts';
import { flagsOf } from './flags.ts';
import type { Plan } from './plan.ts';
import { type ResolvedHardware, resolveHardware } from './resolve.ts';
import { changed, type ScenarioChange } from './scenario-change.ts';
import { sizingFlags } from './startup-input.ts';

/** Plans a scenario without asking for remedies. */
export type Attempt = (scenario: Scenario) => Plan;
type FailedPlan = Extract<Plan, { starts: false }>;

/** Shorter contexts than this are no remedy. */
const LEAST_LENGTH = 512;
/** Times as many GPUs. */
const MORE_GPUS = [2, 4, 8, 16];
const SPARE_BYTES = 1.5 * GIB;
const FORMATS = [
  [8, { quant_method: 'fp8' }],
  [4, { quant_method: 'gptq', bits: 4 }],
] as const;

/**
 * Single changes with which a failed scenario would start, each with what it costs: which flag, by how much. Every
 * one has been tried: planned again, with all of vLLM's checks. Where no single one helps, the first of a few
 * combinations that does. Empty = nothing that was tried helps.
 */
export function remediesFor(scenario: Scenario, failed: FailedPlan, attempt: Attempt): string[] {
  const search = new Search(scenario, failed, attempt);
  const single = [
    search.alone(),
    search.withoutOverride(),
    search.memoryShare(),
    search.length(),
    search.batch(),
    search.eager(),
    search.kvCacheInFp8(),
    search.moreGpus(),
    search.quantized(),
    search.offload(),
  ].filter((remedy) => remedy !== null);
  if (single.length > 0) return single;
  const several = search.several();
  return several === null ? [] : [several];
}

class Search {
  private readonly scenario: Scenario;
  private readonly failed: FailedPlan;
  private readonly attempt: Attempt;
  private readonly flag: (name: string) => FlagValue;
  private readonly hardware: ResolvedHardware;
  private readonly limits: BatchLimits;

  constructor(scenario: Scenario, failed: FailedPlan, attempt: Attempt) {
    if (failed.limits === null) throw new Error('only a start can be mended');
    this.scenario = scenario;
    this.failed = failed;
    this.attempt = attempt;
    this.flag = flagsOf(scenario);
    this.hardware = resolveHardware(scenario);
    this.limits = failed.limits;
  }

  alone(): string | null {
    const isShared = this.failed.ranks.some(({ otherBytes }) => otherBytes > 0);
    return isShared && this.starts({ alone: true }) ? 'end the other processes on the GPU' : null;
  }

  withoutOverride(): string | null {
    const names = this.overrides();
    if (names.length === 0) return null;
    const flags = Object.fromEntries(names.map((name) => [name, null]));
    return this.starts({ flags })
      ? `leave ${inWords(names)} out (vLLM then sizes the KV cache itself)`
      : null;
  }

  /** The least share above the scenario's that starts, or the greatest below it. */
  memoryShare(): string | null {
    if (this.flag('kv_cache_memory_bytes') !== null || this.flag('num_gpu_blocks_override') !== null)
      return null;
    const current = Math.round(100 * sizingFlags(this.scenario).gpu_memory_utilization);
    const flags = (hundredths: number) => ({ gpu_memory_utilization: hundredths / 100 });
    if (this.wantsMore(this.failed)) {
      const least = leastThat(
        current + 1,
        99,
        (share) => !this.wantsMore(this.planWith({ flags: flags(share) })),
      );
      return least !== null && this.starts({ flags: flags(least) })
        ? `--gpu-memory-utilization ${(least / 100).toFixed(2)} or more (less is left for others and for peaks)`
        : null;
    }
    const most = leastThat(
      1,
      current - 1,
      (back) => !this.wantsLess(this.planWith({ flags: flags(current - back) })),
    );
    return most !== null && this.starts({ flags: flags(current - most) })
      ? `--gpu-memory-utilization ${((current - most) / 100).toFixed(2)} or less (the KV cache shrinks with it)`
      : null;
  }

  length(): string | null {
    const { maxModelLen, enableChunkedPrefill } = this.limits;
    // V0 turns chunked prefill off by itself where the context gets shorter.
    const keeps = this.flag('enable_chunked_prefill') === null && enableChunkedPrefill;
    const isV0 = this.scenario.vllm === '0.6.3';
    for (const chunked of isV0 && keeps ? [null, true] : [null]) {
      const flags = (length: number) => ({
        max_model_len: length,
        ...(chunked === null ? {} : { enable_chunked_prefill: chunked }),
      });
      const starts = (length: number) => this.starts({ flags: flags(length) });
      if (!starts(LEAST_LENGTH)) continue;
      const tooLong = leastThat(LEAST_LENGTH, maxModelLen, (length) => !starts(length)) ?? maxModelLen;
      const more = chunked === null ? '' : ' --enable-chunked-prefill';
      return `--max-model-len ${tooLong - 1} or less${more} (longer requests are refused)`;
    }
    return null;
  }

  /** Half, a quarter … of what the profiling run holds at once, whichever part of it is larger. */
  batch(): string | null {
    const { maxNumSeqs, maxNumBatchedTokens } = this.limits;
    const isSampler = this.failed.ranks.some(({ activation }) => activation.sampler > activation.mlp);
    const [name, most, least, cost] = isSampler
      ? (['max_num_seqs', maxNumSeqs, 1, 'fewer requests run at once'] as const)
      : (['max_num_batched_tokens', maxNumBatchedTokens, 256, 'prompts take more steps'] as const);
    for (let value = powerOf2Below(most); value >= least; value /= 2) {
      const flags = { [name]: value };
      if (this.starts({ flags })) return `--${name.replaceAll('_', '-')} ${value} (${cost})`;
    }
    return null;
  }

  eager(): string | null {
    const isOn = this.flag('enforce_eager') === true;
    return !isOn && this.starts({ flags: { enforce_eager: true } })
      ? '--enforce-eager (no CUDA graphs: every step of decoding is slower)'
      : null;
  }

  kvCacheInFp8(): string | null {
    const isWide = this.hardware.kvElementBytes > 1;
    return isWide && this.starts({ flags: { kv_cache_dtype: 'fp8' } })
      ? '--kv-cache-dtype fp8 (half the bytes per token, some accuracy)'
      : null;
  }

  moreGpus(): string | null {
    const widest = this.widest({});
    return widest === null ? null : `${widest.text} (${widest.more} more to pay for)`;
  }

  quantized(): string | null {
    if (!this.isUnquantized()) return null;
    const format = FORMATS.find(([, quantization]) => this.starts({ quantization }));
    return format === undefined ? null : `a checkpoint in ${format[0]} bits (some accuracy)`;
  }

  offload(): string | null {
    const most = Math.max(...this.failed.ranks.map((rank) => Math.ceil(rank.weightBytes / GIB)));
    const stated = Math.ceil(Number(this.flag('cpu_offload_gb') ?? 0));
    const flags = (gib: number) => ({ cpu_offload_gb: gib });
    // With more than half of the weights on the host, steps take seconds.
    const least = leastThat(stated + 1, stated + Math.floor(most / 2), (gib) =>
      this.starts({ flags: flags(gib) }),
    );
    return least === null
      ? null
      : `--cpu-offload-gb ${least} (${least} GiB per GPU cross PCIe in every step, and stay in host memory)`;
  }

  /** A short context and small batches, on more GPUs or with smaller weights. */
  several(): string | null {
    const { maxModelLen, maxNumSeqs, maxNumBatchedTokens } = this.limits;
    const flags: Record<string, FlagValue> = {
      max_model_len: Math.min(maxModelLen, 4096),
      max_num_seqs: Math.min(maxNumSeqs, 64),
      max_num_batched_tokens: Math.min(maxNumBatchedTokens, 4096),
      gpu_memory_utilization: this.shareBesideOthers(),
      ...Object.fromEntries(this.overrides().map((name) => [name, null])),
    };
    const shown = Object.entries(flags).filter(([, value]) => value !== null);
    const without = this.overrides().length > 0 ? ` without ${inWords(this.overrides())}` : '';
    const text = shown.map(([name, value]) => `${inWords([name])} ${value}`).join(' ') + without;
    const formats = this.isUnquantized() ? [null, ...FORMATS] : [null];
    for (const format of formats) {
      const change = format === null ? { flags } : { flags, quantization: format[1] };
      const checkpoint = format === null ? '' : `, a checkpoint in ${format[0]} bits`;
      if (this.starts(change)) return text + checkpoint;
      const widest = this.widest(change);
      if (widest !== null) return `${widest.text} ${text}${checkpoint}`;
    }
    return null;
  }

  /** The fewest GPUs that start: by tensor parallelism where the heads allow it, otherwise by stages. */
  private widest(change: ScenarioChange): { readonly text: string; readonly more: number } | null {
    const { tensor, pipeline, data } = this.hardware.parallel;
    for (const times of MORE_GPUS) {
      const count = tensor * pipeline * data * times;
      for (const [name, size] of [
        ['tensor_parallel_size', tensor * times],
        ['pipeline_parallel_size', pipeline * times],
      ] as const) {
        const flags = { ...change.flags, [name]: size };
        if (!this.starts({ ...change, flags })) continue;
        return { text: `${count} GPUs, --${name.replaceAll('_', '-')} ${size}`, more: count - count / times };
      }
    }
    return null;
  }

  private overrides(): string[] {
    return ['num_gpu_blocks_override', 'kv_cache_memory_bytes'].filter((name) => this.flag(name) !== null);
  }

  /** What leaves room for the other processes, the context and the graphs. */
  private shareBesideOthers(): number {
    const free = this.failed.ranks.map(
      ({ totalBytes, otherBytes }) => 1 - (otherBytes + SPARE_BYTES) / totalBytes,
    );
    return Math.max(0.05, Math.min(0.9, Math.floor(20 * Math.min(...free)) / 20));
  }

  private isUnquantized(): boolean {
    return this.hardware.architecture.quantMethod === null && this.flag('quantization') === null;
  }

  private planWith(change: ScenarioChange): Plan {
    return this.attempt(changed(this.scenario, change));
  }

  private starts(change: ScenarioChange): boolean {
    return this.planWith(change).starts;
  }

  private wantsMore(plan: Plan): boolean {
    return (
      !plan.starts && !this.wantsLess(plan) && /^(no-kv-cache-memory|kv-cache-too-small)$/.test(plan.because)
    );
  }

  private wantsLess(plan: Plan): boolean {
    return (
      !plan.starts && (plan.because === 'allocation-failed' || plan.message.startsWith('ValueError: Free'))
    );
  }
}

function inWords(flags: readonly string[]): string {
  return flags.map((name) => `--${name.replaceAll('_', '-')}`).join(' and ');
}

/** The least whole number from `from` to `to` that holds, if all above it do; null = none. */
function leastThat(from: number, to: number, holds: (n: number) => boolean): number | null {
  if (from > to || !holds(to)) return null;
  let fails = from - 1;
  let least = to;
  while (least - fails > 1) {
    const middle = Math.floor((fails + least) / 2);
    if (holds(middle)) least = middle;
    else fails = middle;
  }
  return least;
}

function powerOf2Below(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power < n ? power : 0;
}
