import type { Architecture } from '../catalog/architecture.ts';
import { type Parallel, stageLayers } from '../memory/parallel.ts';
import type { WeightFormat } from '../memory/weight-format.ts';
import { expertParameters } from '../memory/weights.ts';

/** Who carries tokens to the ranks of their experts (--all2all-backend); needed with data parallelism only. */
export type AllToAll = 'allgather' | 'deepep-high-throughput' | 'deepep-low-latency';

/** The fused kernel, as far as kernels differ in the workspaces that they ask for. */
export type ExpertKernel = 'v0' | 'triton' | 'marlin' | 'gpt-oss' | 'batched';

/** What expert buffers depend on. Bytes are those of one rank. */
export interface MoeShape {
  readonly hiddenSize: number;
  /** Logical experts of a layer, and copies beside them (--eplb-config num_redundant_experts). */
  readonly numExperts: number;
  readonly redundant: number;
  readonly topK: number;
  /** Width of an expert as a rank holds it: whole under expert parallelism, else cut. */
  readonly width: number;
  /** Of one expert's weights, as a rank holds it. */
  readonly expertBytes: number;
  /** Width of the shared experts on a rank, and bytes of their weights in one layer; 0 = none. */
  readonly sharedWidth: number;
  readonly sharedBytes: number;
  /** Of one layer's gate, which every rank copies. */
  readonly routerBytes: number;
  /** Layers with experts, in the whole model and by pipeline stage. */
  readonly layers: number;
  readonly stageLayers: readonly number[];
  /** Ranks that share the experts of a layer: tensor × data. */
  readonly ranks: number;
  /** Replicas of the attention whose tokens meet at the experts. */
  readonly replicas: number;
  /** Experts are whole, each on one rank (--enable-expert-parallel). */
  readonly spread: boolean;
  readonly kernel: ExpertKernel;
  readonly allToAll: AllToAll;
  /** max_num_batched_tokens: what start-up profiles. */
  readonly maxTokens: number;
}

export interface MoeChoices {
  readonly engine: 'v0' | 'v1';
  readonly allToAll: AllToAll;
  readonly maxTokens: number;
}

/** The shape of a model's experts on a machine; null if the model has none. */
export function moeShapeOf(
  { moe, hiddenSize, numLayers }: Architecture,
  parallel: Parallel,
  format: WeightFormat,
  { engine, allToAll, maxTokens }: MoeChoices,
): MoeShape | null {
  if (moe === null) return null;
  const { tensor, data, pipeline, experts: spread } = parallel;
  const ranks = tensor * data;
  const width = moe.expertSize / (spread ? 1 : ranks);
  const dense = format.expertsOnly ? format.dtypeBytes : format.bytes;
  return {
    hiddenSize,
    numExperts: moe.numExperts,
    redundant: parallel.redundantExperts ?? 0,
    topK: moe.topK,
    width,
    expertBytes: Math.ceil(expertParameters(hiddenSize, width, format) * format.bytes),
    sharedWidth: moe.sharedSize / tensor,
    sharedBytes: Math.ceil(((3 * hiddenSize * moe.sharedSize) / tensor) * dense),
    routerBytes: moe.numExperts * hiddenSize * format.dtypeBytes,
    layers: moe.layers,
    stageLayers: stageLayers(numLayers, pipeline).map(
      ({ first, end }) => moe.hasExperts.slice(first, end).filter(Boolean).length,
    ),
    ranks,
    replicas: data,
    spread,
    kernel: kernelOf(engine, format, spread && data > 1 ? allToAll : 'allgather'),
    allToAll,
    maxTokens,
  };
}

function kernelOf(engine: 'v0' | 'v1', { method, bytes }: WeightFormat, allToAll: AllToAll): ExpertKernel {
  if (engine === 'v0') return 'v0';
  if (allToAll === 'deepep-low-latency') return 'batched';
  if (method === 'mxfp4') return 'gpt-oss';
  return method !== null && method !== 'bitsandbytes' && bytes < 1 ? 'marlin' : 'triton';
}

/** Experts of one layer, replicas counted. */
export function physicalExperts({ numExperts, redundant }: MoeShape): number {
  return numExperts + redundant;
}

/** The most experts of one layer that a rank holds. */
export function expertsOfRank(shape: MoeShape): number {
  return shape.spread ? Math.ceil(physicalExperts(shape) / shape.ranks) : shape.numExperts;
}
