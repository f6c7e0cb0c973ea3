import type { BatchLimits } from './batch-limits.ts';
import { captureSizes, type GraphSizeLimits, sizesOfWholeRequests, v0CaptureSizes } from './graph-sizes.ts';

/** Which CUDA graphs are captured: sizes of batches, tokens, ascending. */
export interface GraphCapture {
  /** Graphs of all but the attention, for any batch. */
  readonly piecewise: readonly number[];
  /** Graphs of whole steps. */
  readonly full: readonly number[];
  /** Whole steps of any batch have a graph, not those of decodes alone. */
  readonly fullTakesAll: boolean;
  /** Of each graph: with and without adapters. */
  readonly copies: number;
}

/** vLLM's names of what is captured. */
export const GRAPH_MODES = ['NONE', 'PIECEWISE', 'FULL', 'FULL_DECODE_ONLY', 'FULL_AND_PIECEWISE'] as const;
export type GraphModeName = (typeof GRAPH_MODES)[number];

export const NO_GRAPHS: GraphCapture = { piecewise: [], full: [], fullTakesAll: false, copies: 1 };

/** V0's: of decodes. */
export function v0Graphs({ maxNumSeqs }: Pick<BatchLimits, 'maxNumSeqs'>): GraphCapture {
  return { ...NO_GRAPHS, full: v0CaptureSizes(maxNumSeqs) };
}

/** V1's without drafts, adapters and flags that say otherwise. */
export function usualGraphs({
  maxNumSeqs,
  maxNumBatchedTokens,
}: Pick<BatchLimits, 'maxNumSeqs' | 'maxNumBatchedTokens'>): GraphCapture {
  return v1Graphs('FULL_AND_PIECEWISE', 1, {
    maxNumSeqs,
    maxNumBatchedTokens,
    decodeTokens: 1,
    stated: null,
    statedLargest: null,
    isFine: false,
  });
}

/**
 * V1's (vLLM `CudagraphDispatcher.initialize_cudagraph_keys`). Whole steps of decodes have whole requests: where they
 * draft, all sizes are rounded up to such.
 */
export function v1Graphs(mode: GraphModeName, copies: number, limits: GraphSizeLimits): GraphCapture {
  if (mode === 'NONE') return NO_GRAPHS;
  const { decodeTokens, maxNumSeqs } = limits;
  const usual = captureSizes(limits);
  if (mode === 'PIECEWISE') return { ...NO_GRAPHS, piecewise: usual, copies };
  const sizes = decodeTokens > 1 ? sizesOfWholeRequests(usual, decodeTokens) : usual;
  if (mode === 'FULL') return { ...NO_GRAPHS, full: sizes, fullTakesAll: true, copies };
  return {
    piecewise: mode === 'FULL_AND_PIECEWISE' ? sizes : [],
    full: sizes.filter((size) => size >= decodeTokens && size <= decodeTokens * maxNumSeqs),
    fullTakesAll: false,
    copies,
  };
}

export function numGraphs({ piecewise, full, copies }: GraphCapture): number {
  return copies * (piecewise.length + full.length);
}
