import type { VllmVersion } from '../scenario/flags.ts';

/** How a version of vLLM plans its memory, as far as versions differ. */
export interface StartupRules {
  readonly engine: 'v0' | 'v1';
  /** Default of --gpu-memory-utilization. */
  readonly memoryShare: number;
  /** Default of --max-num-batched-tokens with chunked prefill; null = by GPU (V1). */
  readonly chunkedTokens: number | null;
  /** The sampler sorts all logits for top-k and top-p; otherwise a kernel filters them (V1 since 0.16). */
  readonly sortsLogits: boolean;
  /** The fused experts' workspace, once grown, stays while the sampler runs (r024 against r001 and r053). */
  readonly keepsMoeWorkspace: boolean;
  /** The CUDA context counts as memory outside of torch. */
  readonly countsContext: boolean;
  /** What NCCL and all-reduce take when they are set up does: V1 since 0.11 looks only afterwards. */
  readonly countsExchangeSetUp: boolean;
  /** An estimate of the CUDA graphs is taken from the budget before they are captured. */
  readonly budgetsGraphs: boolean;
  /** MLA entries are padded to a multiple of so many bytes; 1 = not, null = MLA was not supported yet. */
  readonly mlaAlignment: number | null;
  /** "GPU KV cache size" is concurrency × max_model_len; otherwise blocks × block size per group. */
  readonly tokensFromConcurrency: boolean;
}

/** The rules of a release "0.8.5", taken apart as [0, 8, 5]; of V0 or of V1, which overlapped. */
export function rulesOfRelease(engine: 'v0' | 'v1', [major, minor, patch]: readonly number[]): StartupRules {
  const since = (wanted: number) => major > 0 || minor >= wanted;
  const isV0 = engine === 'v0';
  return {
    engine,
    memoryShare: since(21) ? 0.92 : 0.9,
    chunkedTokens: isV0 ? (since(7) ? 2048 : 512) : null,
    sortsLogits: isV0 || !since(16),
    keepsMoeWorkspace: !isV0 && since(13),
    countsExchangeSetUp: isV0 || !since(11),
    countsContext: isV0 ? minor === 6 && patch > 3 : !since(9) || (minor === 9 && patch < 1),
    budgetsGraphs: !isV0 && since(21),
    mlaAlignment: isV0 && !since(7) ? null : isV0 && minor === 7 ? 256 : 1,
    tokensFromConcurrency: !isV0 && since(21),
  };
}

/** The rules of a version that scenarios may name. */
export function rulesOf(version: VllmVersion): StartupRules {
  return version === '0.6.3' ? rulesOfRelease('v0', [0, 6, 3]) : rulesOfRelease('v1', [0, 22, 0]);
}
