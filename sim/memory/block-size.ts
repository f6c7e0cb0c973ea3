import type { Architecture, MlaArchitecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { flagsOf } from './flags.ts';
import type { ResolvedHardware } from './resolve.ts';
import type { StartupRules } from './rules.ts';

/** vLLM's, where the attention kernel does not ask for another. */
const DEFAULT_BLOCK_SIZE = 16;
/** Tokens per block of V1's attention kernels that do ask; of the others, any multiple of 16 will do. */
const KERNEL_BLOCK_SIZES: Readonly<Record<string, number>> = {
  FLASHMLA: 64,
  FLASHMLA_SPARSE: 64,
  FLASHINFER_MLA: 32,
  TOKENSPEED_MLA: 32,
  CUTLASS_MLA: 128,
};
/** Widths of a head without its rope that FlashInfer's MLA knows. */
const FLASHINFER_HEADS = [64, 128, 192];

/** Tokens per block: stated, or as the attention kernel has it. */
export function blockSizeOf(
  scenario: Scenario,
  { architecture, gpu, kvElementBytes }: Pick<ResolvedHardware, 'architecture' | 'gpu' | 'kvElementBytes'>,
): number {
  const flag = flagsOf(scenario);
  const stated = flag('block_size');
  if (typeof stated === 'number') return stated;
  if (scenario.vllm === '0.6.3') return DEFAULT_BLOCK_SIZE;
  const kernel = flag('attention_backend');
  return typeof kernel === 'string' && kernel.toUpperCase() !== 'AUTO'
    ? (KERNEL_BLOCK_SIZES[kernel.toUpperCase()] ?? DEFAULT_BLOCK_SIZE)
    : defaultBlockSize(architecture, gpu, 'v1', kvElementBytes);
}

/** Of the kernel that vLLM chooses. */
export function defaultBlockSize(
  { mla }: Pick<Architecture, 'mla'>,
  { computeCapability }: Pick<Gpu, 'computeCapability'>,
  engine: StartupRules['engine'],
  kvElementBytes: number,
): number {
  if (engine === 'v0' || mla === null) return DEFAULT_BLOCK_SIZE;
  const kernel = mlaKernel(mla, Math.floor(computeCapability), kvElementBytes);
  return kernel === null ? DEFAULT_BLOCK_SIZE : KERNEL_BLOCK_SIZES[kernel];
}

/**
 * V1's first choice among the kernels for MLA that have a block size of their own (`_get_backend_priorities`); null =
 * FlashAttention on Hopper, Triton where there is none.
 */
function mlaKernel({ indexDim, nopeDim }: MlaArchitecture, generation: number, kvElementBytes: number) {
  if (indexDim > 0) return 'FLASHMLA_SPARSE';
  if (generation === 9) return kvElementBytes === 1 ? 'FLASHMLA' : null;
  if (generation === 10) return FLASHINFER_HEADS.includes(nopeDim) ? 'FLASHINFER_MLA' : 'CUTLASS_MLA';
  return null;
}
