import type { Architecture } from '../catalog/architecture.ts';
import { type LoraSlots, loraValues } from './lora.ts';
import { encoderRanks, localExperts, type Parallel, type RankPlace, stageLayers } from './parallel.ts';
import type { WeightFormat } from './weight-format.ts';

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
  return {
    embedding: vocabSize * h * (model.tieWordEmbeddings ? 1 : 2),
    attention: sumOver(numLayers, (layer) => attentionParameters(shapeOf(model, layer))),
    denseMlp: (numLayers - moeLayers) * model.mlpMatrices * h * model.intermediateSize,
    experts: moe === null ? 0 : moeLayers * moe.numExperts * 3 * h * moe.expertSize,
    sharedExperts: moe === null ? 0 : moeLayers * 3 * h * moe.sharedSize,
    router: moe === null ? 0 : moeLayers * moe.numExperts * h,
    norms: (2 * numLayers + 1) * h,
  };
}

/** A model with the heads of one of its layers, and how often these project keys and values. */
type LayerShape = Architecture & { readonly kvProjections?: number };

function shapeOf(model: Architecture, layer: number): LayerShape {
  const { globalAttention: wide, localAttention: local } = model;
  if (wide === null || local?.isLocal[layer] === true) return model;
  return { ...model, ...wide, kvProjections: wide.keysAreValues ? 1 : 2 };
}

function sumOver(count: number, of: (index: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum;
}

function attentionParameters(shape: LayerShape): number {
  const { hiddenSize: h, numHeads, numKvHeads, headDim, mla, kvProjections = 2 } = shape;
  if (mla === null) return 2 * h * numHeads * headDim + kvProjections * h * numKvHeads * headDim;
  const qkDim = mla.nopeDim + mla.ropeDim;
  const query =
    mla.qLoraRank > 0 ? h * mla.qLoraRank + mla.qLoraRank * numHeads * qkDim : h * numHeads * qkDim;
  const latent = h * (mla.kvLoraRank + mla.ropeDim) + mla.kvLoraRank * numHeads * (mla.nopeDim + mla.vDim);
  return query + latent + numHeads * mla.vDim * h;
}

/** Bytes of the weights that one rank holds, by part. */
export interface RankWeights {
  /** Embedding and output head, with the table of positions. */
  readonly embedding: number;
  readonly attention: number;
  /** Dense MLPs, shared experts, routers and norms. */
  readonly mlp: number;
  readonly experts: number;
  readonly encoder: number;
  /** Slots of --enable-lora. */
  readonly lora: number;
}

/** vLLM pads the vocabulary to whole multiples of this before it cuts it. */
const VOCABULARY_PADDING = 64;

/**
 * Weights of one rank. Matrices are cut over the tensor-parallel ranks; norms, routers, MLA's
 * down-projections and the table of positions are copied, and so are KV heads beyond one per rank. Embeddings
 * stay unquantized; in some checkpoints so does everything but the experts. Encoders are cut, unquantized.
 */
export function rankWeights(
  model: Architecture,
  parallel: Parallel,
  place: RankPlace,
  format: WeightFormat,
  slots: LoraSlots | null = null,
): RankWeights {
  const { hiddenSize: h, moe, mlpMatrices, intermediateSize } = model;
  const { tensor } = parallel;
  const { first, end } = stageLayers(model.numLayers, parallel.pipeline)[place.stage];
  const layers = end - first;
  const expertLayers = moe === null ? 0 : moe.hasExperts.slice(first, end).filter(Boolean).length;
  const denseBytes = format.expertsOnly ? format.dtypeBytes : format.bytes;
  const isFirst = place.stage === 0;
  const isLast = place.stage === parallel.pipeline - 1;

  const vocabulary = (Math.ceil(model.vocabSize / VOCABULARY_PADDING) * VOCABULARY_PADDING * h) / tensor;
  // A tied head is the embedding itself, unless they are on different stages.
  const tables = (isFirst ? 1 : 0) + (isLast && !(model.tieWordEmbeddings && isFirst) ? 1 : 0);
  const mlp =
    (layers - expertLayers) * mlpMatrices * h * intermediateSize +
    expertLayers * 3 * h * (moe?.sharedSize ?? 0);
  const copied = expertLayers * (moe?.numExperts ?? 0) * h + (2 * layers + 1) * h;
  return {
    embedding: Math.ceil((tables * vocabulary + model.positionValues) * format.dtypeBytes),
    attention: Math.ceil(
      sumOver(layers, (i) => rankAttentionParameters(shapeOf(model, first + i), tensor)) * denseBytes,
    ),
    mlp: Math.ceil((mlp / tensor) * denseBytes + copied * format.dtypeBytes),
    experts: Math.ceil(expertLayers * rankExpertParameters(model, parallel, place, format) * format.bytes),
    encoder: isFirst
      ? Math.ceil(((model.encoder?.parameters ?? 0) / encoderRanks(parallel)) * format.dtypeBytes)
      : 0,
    lora:
      slots === null
        ? 0
        : Math.ceil(loraValues(model, parallel, layers, layers - expertLayers, slots) * format.dtypeBytes),
  };
}

/** Bytes of all parts together. */
export function sumOfWeights({ embedding, attention, mlp, experts, encoder, lora }: RankWeights): number {
  return embedding + attention + mlp + experts + encoder + lora;
}

/** Of one layer's attention on one rank. */
function rankAttentionParameters(shape: LayerShape, tensor: number): number {
  const { hiddenSize: h, numKvHeads, headDim, mla, kvProjections = 2 } = shape;
  const all = attentionParameters(shape);
  if (mla !== null) {
    const copied = h * (mla.qLoraRank + mla.kvLoraRank + mla.ropeDim);
    return copied + (all - copied) / tensor;
  }
  const keysAndValues = kvProjections * h * numKvHeads * headDim;
  return (all - keysAndValues) / tensor + kvProjections * h * Math.max(1, numKvHeads / tensor) * headDim;
}

/** Of one layer's experts on one rank: whole experts, or a slice of each. */
function rankExpertParameters(
  model: Architecture,
  parallel: Parallel,
  place: RankPlace,
  format: WeightFormat,
): number {
  const { moe, hiddenSize } = model;
  if (moe === null) return 0;
  const cut = parallel.experts ? 1 : parallel.tensor * parallel.data;
  const physical = moe.numExperts + (parallel.redundantExperts ?? 0);
  const experts = parallel.experts ? localExperts(physical, parallel, place) : moe.numExperts;
  return experts * expertParameters(hiddenSize, moe.expertSize / cut, format);
}

/** Of one expert that is `width` wide, as its kernel wants it. */
export function expertParameters(hiddenSize: number, width: number, format: WeightFormat): number {
  if (format.method !== 'mxfp4') return 3 * hiddenSize * width;
  // The MXFP4 kernels pad: 2880 × 2880 to 3072 × 2944, which explains the logged 13.72 GiB of gpt-oss-20b.
  return 3 * Math.ceil(hiddenSize / 256) * 256 * Math.ceil(width / 128) * 128;
}
