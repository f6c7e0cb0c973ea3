import { MIB } from '../units.ts';
import { type GraphCapture, numGraphs } from './graph-capture.ts';

/**
 * Of one captured graph, per layer. Fitted on the estimates that four start-ups of 2026 log (r023 0.14, r028
 * 0.08, r064 0.91, r073 0.81 GiB).
 */
const BYTES_PER_LAYER = 0.115 * MIB;

/** What V1 counts a graph for at least: the driver's own. */
const LEAST_GRAPH_BYTES = MIB;

/** What V0's graphs take: no budget of vLLM's covers them. */
export function v0GraphBytes(numLayers: number, graphs: GraphCapture): number {
  return Math.round(numGraphs(graphs) * numLayers * BYTES_PER_LAYER);
}

/** V1's estimate of its own. */
export function cudaGraphBytes(numLayers: number, graphs: GraphCapture): number {
  return Math.round(numGraphs(graphs) * Math.max(LEAST_GRAPH_BYTES, numLayers * BYTES_PER_LAYER));
}
