/** What a rank's attention looks like in one layer. */
export interface AttentionShape {
  /** Heads of this rank. */
  readonly queryHeads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Bytes per cached value: 2, or 1 with an FP8 cache. */
  readonly kvBytes: number;
  /** FLOPs of a decode per token of context, where they can outweigh reading it (MLA); absent = they cannot. */
  readonly flopsPerToken?: number;
}

/** Bytes of keys and values per token of context. */
export function kvBytesPerToken({ kvHeads, headDim, kvBytes }: AttentionShape): number {
  return 2 * kvBytes * kvHeads * headDim;
}
