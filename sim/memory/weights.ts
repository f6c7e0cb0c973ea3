import type { Architecture } from '../catalog/architecture.ts';

/** Parameters of a model by part. */
export interface ParameterCount {
  readonly embedding: number;
  readonly attention: number;
  readonly denseMlp: number;
  readonly experts: number;
  readonly sharedExperts: number;
  readonly router: number;
  readonly norms: number;
}

/** Parameters of the text model, biases left out (they are below 0.1 %). */
export function countParameters(model: Architecture): ParameterCount {
  const { hiddenSize: h, numLayers, vocabSize, moe } = model;
  const moeLayers = moe?.layers ?? 0;
  const oneExpert = moe === null ? 0 : 3 * h * moe.expertSize;
  return {
    embedding: vocabSize * h * (model.tieWordEmbeddings ? 1 : 2),
    attention: numLayers * attentionParameters(model),
    denseMlp: (numLayers - moeLayers) * model.mlpMatrices * h * model.intermediateSize,
    experts: moe === null ? 0 : moeLayers * moe.numExperts * oneExpert,
    sharedExperts: moe === null ? 0 : moeLayers * moe.numSharedExperts * oneExpert,
    router: moe === null ? 0 : moeLayers * moe.numExperts * h,
    norms: (2 * numLayers + 1) * h,
  };
}

function attentionParameters({ hiddenSize: h, numHeads, numKvHeads, headDim, mla }: Architecture): number {
  if (mla === null) return 2 * h * numHeads * headDim + 2 * h * numKvHeads * headDim;
  const qkDim = mla.nopeDim + mla.ropeDim;
  const query =
    mla.qLoraRank > 0 ? h * mla.qLoraRank + mla.qLoraRank * numHeads * qkDim : h * numHeads * qkDim;
  const latent = h * (mla.kvLoraRank + mla.ropeDim) + mla.kvLoraRank * numHeads * (mla.nopeDim + mla.vDim);
  return query + latent + numHeads * mla.vDim * h;
}

/** Bytes per weight of the quantized matrices, scales included (group 128 for the 4-bit methods). */
const QUANTIZED_BYTES: Readonly<Record<string, number>> = {
  awq: 0.5195,
  awq_marlin: 0.5195,
  gptq: 0.5195,
  gptq_marlin: 0.5195,
  fp8: 1,
  mxfp4: 0.53125,
  'compressed-tensors': 1,
};

/** Bytes per weight under a quantization method; null if the method is not known. */
export function bytesPerWeight(method: string | null, dtypeBytes: number): number | null {
  if (method === null) return dtypeBytes;
  return Object.hasOwn(QUANTIZED_BYTES, method) ? QUANTIZED_BYTES[method] : null;
}

/**
 * Bytes of the weights on one tensor-parallel rank. Matrices are sharded; norms, routers and MLA's
 * down-projections are replicated, and so are KV heads beyond one per rank. Embeddings stay unquantized;
 * under MXFP4 (gpt-oss) so does everything but the experts.
 */
export function weightBytesPerRank(
  model: Architecture,
  tensorParallel: number,
  quantizedBytes: number,
  method: string | null,
): number {
  const count = countParameters(model);
  const { hiddenSize: h, numLayers, numKvHeads, headDim, mla, dtypeBytes } = model;
  const denseBytes = method === 'mxfp4' ? dtypeBytes : quantizedBytes;
  const replicatedAttention =
    mla === null ? 0 : numLayers * h * (mla.qLoraRank + mla.kvLoraRank + mla.ropeDim);
  const kvCopies = mla === null ? Math.max(0, tensorParallel / numKvHeads - 1) : 0;
  const kvParameters = mla === null ? 2 * numLayers * h * numKvHeads * headDim : 0;
  const attention =
    replicatedAttention + (count.attention - replicatedAttention + kvParameters * kvCopies) / tensorParallel;
  return Math.ceil(
    (count.embedding / tensorParallel + count.norms + count.router) * dtypeBytes +
      (attention + (count.denseMlp + count.sharedExperts) / tensorParallel) * denseBytes +
      (count.experts / tensorParallel) * quantizedBytes,
  );
}
