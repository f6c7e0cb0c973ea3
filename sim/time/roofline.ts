import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import {
  type AttentionShape,
  addPrefill,
  allReduce,
  decodeAttention,
  elementwise,
  gemm,
  mixedAttention,
  mixtureOfExperts,
  type PrefillRows,
} from './operators.ts';
import type { BatchShape, StepTimeModel } from './step-time.ts';

export interface RooflineOptions {
  readonly tensorParallel: number;
  /** Bytes per weight of the quantized matrices (2 = unquantized). */
  readonly weightBytes: number;
  /** Bytes per cached value. */
  readonly kvBytes: number;
  /** CUDA graphs pad small batches to the next captured size; eager runs do not. */
  readonly cudaGraphs: boolean;
}

const NS_PER_S = 1e9;
const LARGEST_GRAPH = 512;
const SAMPLER_START = 15e-6;
const SAMPLER_PER_SEQUENCE = 0.9e-6;
/** Host overhead per sequence of vLLM V1. */
const OVERHEAD_PER_SEQUENCE = 11e-6;
/** Token counts up to this one are looked up in a table. */
const TABLE_SIZE = 65_536;

/**
 * The analytic step time: each kernel of a layer by its roofline, times the layers, plus head, sampler and
 * host. What depends on the number of tokens alone is computed once per number, so a step costs little.
 */
export function rooflineStepTime(model: Architecture, gpu: Gpu, options: RooflineOptions): StepTimeModel {
  const { tensorParallel: tp, weightBytes, kvBytes, cudaGraphs } = options;
  const { hiddenSize: h, numLayers, vocabSize, moe, mla, headDim } = model;
  const queryHeads = model.numHeads / tp;
  const kvHeads = mla ? 1 : Math.max(1, Math.floor(model.numKvHeads / tp));
  // MLA has no measured formula: decode attention with one latent head is the stand-in.
  const attention: AttentionShape = mla
    ? { queryHeads, kvHeads, headDim: (mla.kvLoraRank + mla.ropeDim) / 2, kvBytes }
    : { queryHeads, kvHeads, headDim, kvBytes };
  const moeLayers = moe?.layers ?? 0;
  const denseLayers = numLayers - moeLayers;

  /** All layers without attention, and the embedding, for a number of tokens. */
  const layersWithoutAttention = (tokens: number): number => {
    const m = tokens;
    const qkvWidth = (queryHeads + 2 * kvHeads) * headDim;
    const shared =
      gemm(gpu, m, h, qkvWidth, weightBytes) +
      gemm(gpu, m, queryHeads * headDim, h, weightBytes) +
      2 * elementwise(gpu, 8 * m * h) +
      elementwise(gpu, 4 * m * qkvWidth) +
      elementwise(gpu, 8 * m * kvHeads * headDim) +
      2 * allReduce(gpu, tp, 2 * m * h);
    let mlp = 0;
    if (denseLayers > 0) {
      const f = model.intermediateSize / tp;
      mlp += denseLayers * denseMlp(m, f);
    }
    if (moe !== null) {
      const expert = mixtureOfExperts(gpu, m, h, moe.expertSize / tp, moe.numExperts, moe.topK, weightBytes);
      const router = gemm(gpu, m, h, moe.numExperts, 2);
      const sharedExperts =
        moe.numSharedExperts > 0 ? denseMlp(m, (moe.numSharedExperts * moe.expertSize) / tp) : 0;
      mlp += moeLayers * (expert + router + sharedExperts);
    }
    return numLayers * shared + mlp + elementwise(gpu, 4 * m * h);
  };
  const denseMlp = (m: number, f: number): number =>
    gemm(gpu, m, h, (model.mlpMatrices - 1) * f, weightBytes) +
    elementwise(gpu, 6 * m * f) +
    gemm(gpu, m, f, h, weightBytes);

  const layerTable = new Float64Array(TABLE_SIZE + 1);
  const headTable = new Float64Array(TABLE_SIZE + 1);
  const remembered = (table: Float64Array, count: number, compute: (count: number) => number): number => {
    if (count > TABLE_SIZE) return compute(count);
    if (table[count] === 0) table[count] = compute(count);
    return table[count];
  };
  const head = (sampled: number): number =>
    elementwise(gpu, 8 * sampled * h) +
    gemm(gpu, sampled, h, vocabSize / tp, 2) +
    SAMPLER_START +
    SAMPLER_PER_SEQUENCE * sampled;

  const prefill: PrefillRows = { rows: 0, context: 0, longest: 0 };

  return {
    stepNs(batch: BatchShape): number {
      const { numTokens, numSampled, numDecodes, decodeContextTokens, maxDecodeContext, numPrefills } = batch;
      let seconds = OVERHEAD_PER_SEQUENCE * batch.numRequests;
      if (numTokens > 0) {
        const padded = cudaGraphs ? graphSize(numTokens) : numTokens;
        seconds += remembered(layerTable, padded, layersWithoutAttention);
      }
      if (numSampled > 0) seconds += remembered(headTable, numSampled, head);
      if (numPrefills > 0) {
        prefill.rows = 0;
        prefill.context = 0;
        prefill.longest = 0;
        for (let i = 0; i < numPrefills; i++) {
          addPrefill(gpu, prefill, batch.prefillTokens[i], batch.prefillComputed[i]);
        }
        seconds +=
          numLayers *
          mixedAttention(gpu, attention, prefill, numDecodes, decodeContextTokens, maxDecodeContext);
      } else if (numDecodes > 0) {
        seconds +=
          numLayers * decodeAttention(gpu, attention, numDecodes, decodeContextTokens, maxDecodeContext);
      }
      return Math.max(1, Math.round(seconds * NS_PER_S));
    },
  };
}

/** The captured size that a batch is padded to: 1, 2, 4, then steps of 8 to 256 and of 16 to 512. */
export function graphSize(tokens: number): number {
  if (tokens > LARGEST_GRAPH) return tokens;
  if (tokens <= 2) return tokens;
  if (tokens <= 4) return 4;
  const step = tokens <= 256 ? 8 : 16;
  return Math.ceil(tokens / step) * step;
}
