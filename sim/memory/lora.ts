import type { Architecture } from '../catalog/architecture.ts';
import type { Parallel } from './parallel.ts';

/** What --enable-lora reserves. */
export interface LoraSlots {
  /** --max-loras and --max-lora-rank. */
  readonly adapters: number;
  readonly rank: number;
  /** --fully-sharded-loras: the halves that are otherwise copied are cut too. */
  readonly sharded: boolean;
  /** V0's --lora-extra-vocab-size: with it, embedding and head have slots of their own; 0 = they have none. */
  readonly extraVocabulary: number;
}

/**
 * Values of the adapters' slots on one rank: for every projection two thin matrices, one from its input to the rank
 * and one from there to its output (vLLM lora/layers). What the projection cuts, its slot cuts. Experts have none
 * here. Rank 64 on Llama 3.2 3B takes 0.22 GiB, which is what the logs of r098 and r099 have beyond the weights.
 */
export function loraValues(
  model: Architecture,
  { tensor }: Parallel,
  layers: number,
  denseLayers: number,
  slots: LoraSlots,
): number {
  const { hiddenSize: h, numHeads, numKvHeads, headDim, intermediateSize } = model;
  const copied = slots.sharded ? 1 / tensor : 1;
  const query = (numHeads * headDim) / tensor;
  const keys = Math.max(1, numKvHeads / tensor) * headDim;
  const width = intermediateSize / tensor;
  // Inputs of query, key and value are copied, their outputs cut; of the output projection the other way round.
  const attention = 3 * h * copied + query + 2 * keys + query + h * copied;
  const mlp = 2 * h * copied + 2 * width + width + h * copied;
  const perRank = layers * attention + denseLayers * mlp;
  return slots.adapters * (slots.rank * perRank + tables(model, tensor, slots));
}

/** Embedding and head in V0: their slots span the vocabulary and the words that an adapter may add. */
function tables({ vocabSize, hiddenSize: h }: Architecture, tensor: number, slots: LoraSlots): number {
  const { extraVocabulary: extra, rank } = slots;
  if (extra === 0) return 0;
  const embedding = rank * (vocabSize + extra + h / tensor) + extra * h;
  const head = rank * (h + vocabSize / tensor + extra) + extra * h;
  return embedding + head;
}
