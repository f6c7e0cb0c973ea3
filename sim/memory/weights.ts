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

/** How the matrices of a checkpoint are stored. */
export interface WeightFormat {
  /** Of the quantized matrices; null = not quantized. */
  readonly method: string | null;
  /** Per weight of the quantized matrices, scales included. */
  readonly bytes: number;
  /** Per weight of everything else, and of activations: 2, or 4 with --dtype float32. */
  readonly dtypeBytes: number;
}

/** Bits per weight where the checkpoint does not say, and bytes of scales per weight. */
const FORMATS: Readonly<Record<string, { readonly bits: number; readonly scaleBytes: number }>> = {
  // One 16-bit scale and one 4-bit zero per group of 128.
  awq: { bits: 4, scaleBytes: 2.5 / 128 },
  gptq: { bits: 4, scaleBytes: 2.5 / 128 },
  fp8: { bits: 8, scaleBytes: 0 },
  // One shared 8-bit exponent per 32 weights.
  mxfp4: { bits: 4, scaleBytes: 1 / 32 },
  'compressed-tensors': { bits: 8, scaleBytes: 0 },
};

/**
 * The format of a checkpoint, or null if Poolscope does not know the method.
 * @param bits what the checkpoint's quantization_config says; null = nothing.
 */
export function weightFormat(
  method: string | null,
  bits: number | null,
  dtypeBytes: number,
): WeightFormat | null {
  if (method === null) return { method, bytes: dtypeBytes, dtypeBytes };
  const name = method.replace(/_marlin$/, '');
  if (!Object.hasOwn(FORMATS, name)) return null;
  const format = FORMATS[name];
  return { method: name, bytes: (bits ?? format.bits) / 8 + format.scaleBytes, dtypeBytes };
}

/**
 * Bytes of the weights on one tensor-parallel rank. Matrices are sharded; norms, routers and MLA's
 * down-projections are replicated, and so are KV heads beyond one per rank. Embeddings stay unquantized;
 * under MXFP4 (gpt-oss) so does everything but the experts.
 */
export function weightBytesPerRank(
  model: Architecture,
  tensorParallel: number,
  { method, bytes, dtypeBytes }: WeightFormat,
): number {
  const count = countParameters(model);
  const { hiddenSize: h, numLayers, numKvHeads, headDim, mla } = model;
  const denseBytes = method === 'mxfp4' ? dtypeBytes : bytes;
  const replicatedAttention =
    mla === null ? 0 : numLayers * h * (mla.qLoraRank + mla.kvLoraRank + mla.ropeDim);
  const kvCopies = mla === null ? Math.max(0, tensorParallel / numKvHeads - 1) : 0;
  const kvParameters = mla === null ? 2 * numLayers * h * numKvHeads * headDim : 0;
  const attention =
    replicatedAttention + (count.attention - replicatedAttention + kvParameters * kvCopies) / tensorParallel;
  return Math.ceil(
    (count.embedding / tensorParallel + count.norms + count.router) * dtypeBytes +
      (attention + (count.denseMlp + count.sharedExperts) / tensorParallel) * denseBytes +
      (count.experts / tensorParallel) * bytes,
  );
}
