import { cachedLayers, type KvLayout } from './kv-layout.ts';
import { stageLayers } from './parallel.ts';
import type { RankMemory } from './rank-memory.ts';
import { bytesPerLogit } from './sampler-bytes.ts';
import type { StartupInput } from './startup.ts';

/* The tensors that a start allocates, bytes each, in the order in which vLLM does. */

const ACTIVATION_BYTES = 2;
const LOGIT_BYTES = 4;
/** More tensors of a size tell nothing new, and absurd arguments would ask for billions. */
const MOST_PIECES = 1000;

/**
 * The parameters of one rank: embedding, then per layer the fused projections of the attention, of the MLP and of
 * the experts, norms and routers, head. Quantized matrices are one tensor each. What is offloaded comes from the
 * first layers, as vLLM takes it.
 */
export function weightTensors(input: StartupInput, rank: RankMemory): number[] {
  const { before, layers, after } = allWeights(input, rank);
  return [...before, ...without(layers, rank.offloadedBytes), ...after].map(Math.round).filter(isThere);
}

/** Those that stay in host memory. */
export function offloadedTensors(input: StartupInput, rank: RankMemory): number[] {
  if (rank.offloadedBytes === 0) return [];
  const { layers } = allWeights(input, rank);
  const stay = without(layers, rank.offloadedBytes);
  return layers.map((bytes, i) => Math.round(bytes - stay[i])).filter(isThere);
}

function allWeights(input: StartupInput, rank: RankMemory) {
  const { architecture, parallel } = input;
  const { hiddenSize, moe, mlpMatrices, intermediateSize, numHeads, numKvHeads, encoder } = architecture;
  const { weights, place } = rank;
  const { first, end } = stageLayers(architecture.numLayers, parallel.pipeline)[place.stage];
  const hasExperts = (layer: number) => moe?.hasExperts[layer] ?? false;
  const numLayers = end - first;
  const numExpertLayers = count(first, end, hasExperts);
  const { dtypeBytes } = input.format;
  const norm = hiddenSize * dtypeBytes;
  const router = (moe?.numExperts ?? 0) * hiddenSize * dtypeBytes;
  const matrices = weights.mlp - (2 * numLayers + 1) * norm - numExpertLayers * router;
  const dense = mlpMatrices * intermediateSize;
  const shared = 3 * (moe?.sharedSize ?? 0);
  const shares = (numLayers - numExpertLayers) * dense + numExpertLayers * shared;
  const queryShare = (numHeads + 2 * numKvHeads) / (2 * numHeads + 2 * numKvHeads);

  const layers: number[] = [];
  for (let layer = first; layer < end; layer++) {
    const isSparse = hasExperts(layer);
    const mlp = shares === 0 ? 0 : (matrices * (isSparse ? shared : dense)) / shares;
    layers.push(norm, ...cut(weights.attention / numLayers, queryShare), norm);
    layers.push(...cut(mlp, 1 - 1 / (isSparse ? 3 : mlpMatrices)));
    if (isSparse) layers.push(router, ...cut(weights.experts / numExpertLayers, 2 / 3));
  }
  const tables = (place.stage === 0 ? 1 : 0) + (place.stage === parallel.pipeline - 1 ? 1 : 0);
  const isTied = architecture.tieWordEmbeddings && tables === 2;
  const perTable = weights.embedding / Math.max(1, isTied ? 1 : tables);
  const encoderTensor = encoder === null ? 1 : encoder.width * encoder.innerSize * ACTIVATION_BYTES;
  const loraTensor = Math.max(1, (input.lora?.adapters ?? 1) * (input.lora?.rank ?? 1) * norm);
  return {
    before: [...inPieces(weights.encoder, encoderTensor), ...(place.stage === 0 ? [perTable] : [])],
    layers,
    after: [
      norm,
      weights.embedding - (place.stage === 0 ? perTable : 0),
      ...inPieces(weights.lora, loraTensor),
    ],
  };
}

/**
 * Temporaries of the profiling run: each group lives at once, one group after the other. The experts' workspace,
 * which V1 keeps, is allocated before the second.
 */
export function profileTensors(input: StartupInput, rank: RankMemory): number[][] {
  const { mlp, sampler, encoder, bytes, keptWorkspace } = rank.activation;
  const hidden = ACTIVATION_BYTES * input.limits.maxNumBatchedTokens * input.architecture.hiddenSize;
  const kept = Math.max(0, bytes - Math.max(mlp, sampler, encoder));
  const streams = Math.min(hidden, mlp / 3);
  return [
    [encoder],
    // Layer input, residual and norm; gate and up, or the experts' first workspace; their product, or the second.
    [kept, streams, streams, streams, ...cut(Math.max(0, mlp - 3 * streams - keptWorkspace), 2 / 3)],
    [kept, ...samplerTensors(input, rank)],
  ].map((group) => group.map(Math.round).filter(isThere));
}

/** Logits and what sorting or filtering makes of them, in pieces of four bytes per logit. */
export function samplerTensors({ limits, architecture }: StartupInput, { activation }: RankMemory): number[] {
  const rows = Math.min(limits.maxNumSeqs, limits.maxNumBatchedTokens);
  return inPieces(activation.sampler - activation.keptWorkspace, rows * architecture.vocabSize * LOGIT_BYTES);
}

/** Of as many rows as are sampled. */
export function logitTensors({ rules, architecture }: StartupInput, rows: number): number[] {
  const logits = rows * architecture.vocabSize;
  return inPieces(logits * bytesPerLogit(rules, rows), logits * LOGIT_BYTES).map(Math.round);
}

/**
 * The KV cache of one rank: V0 has a tensor per layer; in V1, with several cache groups, one layer of each group
 * shares a tensor.
 */
export function kvTensors(layout: KvLayout, pipeline: number, stage: number, numBlocks: number): number[] {
  const { first, end } = cachedLayers(layout, pipeline, stage);
  if (layout.groups.length === 1) {
    const { blockSize } = layout.groups[0];
    return layout.layerBytes.slice(first, end).map((bytes) => bytes * blockSize * numBlocks);
  }
  const sizes = layout.layers.map((layers) => layers.filter((layer) => layer >= first && layer < end).length);
  return Array.from({ length: Math.max(...sizes) }, () => layout.pageBytes * numBlocks);
}

function cut(bytes: number, share: number): [number, number] {
  return [bytes * share, bytes * (1 - share)];
}

function inPieces(bytes: number, piece: number): number[] {
  if (bytes <= 0) return [];
  const numPieces = Math.min(MOST_PIECES, Math.max(1, Math.floor(bytes / piece)));
  return Array.from({ length: numPieces }, () => bytes / numPieces);
}

/** What is left of the tensors when the first so many bytes are elsewhere. */
function without(tensors: readonly number[], bytes: number): number[] {
  let left = bytes;
  return tensors.map((tensor) => {
    const taken = Math.min(tensor, left);
    left -= taken;
    return tensor - taken;
  });
}

function count(first: number, end: number, holds: (index: number) => boolean): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += holds(i) ? 1 : 0;
  return sum;
}

function isThere(bytes: number): boolean {
  return bytes > 0;
}
