import type { MlaArchitecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { AttentionShape } from './attention-shape.ts';
import { gemm } from './gemm.ts';

/*
 * Multi-head latent attention (DeepSeek). Nothing of it was measured: these are the formulas of other kernels, with
 * its sizes.
 */

/** One latent head of kv_lora_rank + rope_dim values, keys and values in one, which all query heads share. */
export function latentShape(mla: MlaArchitecture, queryHeads: number, kvBytes: number): AttentionShape {
  const { kvLoraRank, ropeDim } = mla;
  return {
    queryHeads,
    kvHeads: 1,
    headDim: (kvLoraRank + ropeDim) / 2,
    kvBytes,
    flopsPerToken: 2 * queryHeads * (2 * kvLoraRank + ropeDim),
  };
}

/** Seconds of one layer's projections for m tokens: down to the latent, up to the heads of this rank, and out. */
export function latentProjections(
  gpu: Gpu,
  m: number,
  hidden: number,
  heads: number,
  { qLoraRank, kvLoraRank, ropeDim, nopeDim, vDim }: MlaArchitecture,
  weightBytes: number,
): number {
  const queries = heads * (nopeDim + ropeDim);
  return (
    gemm(gpu, m, hidden, qLoraRank + kvLoraRank + ropeDim, weightBytes) +
    gemm(gpu, m, qLoraRank > 0 ? qLoraRank : hidden, queries, weightBytes) +
    gemm(gpu, m, kvLoraRank, heads * (nopeDim + vDim), weightBytes) +
    gemm(gpu, m, heads * vDim, hidden, weightBytes)
  );
}
