/** How a model is spread over GPUs. */
export interface Parallel {
  readonly tensor: number;
  readonly pipeline: number;
  /** Replicas of the attention, each with a KV cache of its own. */
  readonly data: number;
  /** Experts are spread whole over tensor × data ranks, instead of being cut. */
  readonly experts: boolean;
  /** Copies of experts in each layer, for the load balancer; absent = none. */
  readonly redundantExperts?: number;
  /** --mm-encoder-tp-mode data: every rank has the whole encoder, and takes images of its own. */
  readonly copiesEncoder?: boolean;
  /** --decode-context-parallel-size: so many tensor-parallel ranks share out the tokens of a KV cache; absent = 1. */
  readonly contextRanks?: number;
}

/** One GPU's place in it. */
export interface RankPlace {
  readonly tensorRank: number;
  readonly stage: number;
  readonly replica: number;
}

/** Ranks, which are GPUs, of all replicas. */
export function worldSize({ tensor, pipeline, data }: Parallel): number {
  return tensor * pipeline * data;
}

/** Over how many ranks the encoder is cut. */
export function encoderRanks({ tensor, copiesEncoder }: Parallel): number {
  return copiesEncoder ? 1 : tensor;
}

/** All ranks, in vLLM's order: replicas, then stages, then tensor-parallel ranks. */
export function placesOf({ tensor, pipeline, data }: Parallel): RankPlace[] {
  return Array.from({ length: tensor * pipeline * data }, (_, rank) => ({
    tensorRank: rank % tensor,
    stage: Math.floor(rank / tensor) % pipeline,
    replica: Math.floor(rank / (tensor * pipeline)),
  }));
}

/**
 * The layers [first, end) of each pipeline stage: equal shares, and what remains one each to the stages before
 * the last, going backwards (vLLM `get_pp_indices`).
 */
export function stageLayers(numLayers: number, pipeline: number): { first: number; end: number }[] {
  const remainder = numLayers % pipeline;
  let first = 0;
  return Array.from({ length: pipeline }, (_, stage) => {
    const hasOneMore = pipeline - 1 - stage >= 1 && pipeline - 1 - stage <= remainder;
    const end = first + Math.floor(numLayers / pipeline) + (hasOneMore ? 1 : 0);
    const layers = { first, end };
    first = end;
    return layers;
  });
}

/** Experts that a rank holds whole: equal shares, one more on the first ranks if they do not divide. */
export function localExperts(numExperts: number, parallel: Parallel, place: RankPlace): number {
  const ranks = parallel.tensor * parallel.data;
  const rank = place.replica * parallel.tensor + place.tensorRank;
  return Math.floor(numExperts / ranks) + (rank < numExperts % ranks ? 1 : 0);
}
