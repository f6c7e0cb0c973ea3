import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import { elementwise } from './elementwise.ts';
import { allReduce, expertExchange, stageSend } from './exchange.ts';
import { gemm } from './gemm.ts';
import { latentProjections } from './latent-attention.ts';
import { type ExpertShape, mixtureOfExperts, touchedExperts } from './moe.ts';

/** How a replica's GPUs share the work, and in which widths it is held. */
export interface RankOptions {
  readonly tensorParallel: number;
  /** Replicas that share one set of experts; 1 = none do. */
  readonly dataParallel?: number;
  /** Whole experts per rank instead of slices of all of them; either way over the ranks of all replicas. */
  readonly expertParallel?: boolean;
  /** Bytes per weight of the quantized matrices (2 = unquantized). */
  readonly weightBytes: number;
  /** Bytes per cached value. */
  readonly kvBytes: number;
  /** Stages that the layers are spread over; default: 1. */
  readonly pipelineParallel?: number;
  /** false: another stage of the pipeline looks up the embeddings. */
  readonly embeds?: boolean;
}

/** Seconds of what depends on the number of tokens alone. */
export interface TokenTime {
  readonly gemm: number;
  readonly moe: number;
  readonly elementwise: number;
  readonly allReduce: number;
}

/** Families that normalize queries and keys head by head. */
const HAS_QK_NORM = /^(qwen3|gemma3|olmo2|glm4_moe)/;

/** All layers of one rank without their attention, and the embedding, for m tokens: seconds by kind of kernel. */
export class TokenWork {
  private readonly model: Architecture;
  private readonly gpu: Gpu;
  private readonly link: LinkTiming;
  private readonly options: RankOptions;
  private readonly queryWidth: number;
  private readonly kvWidth: number;
  private readonly experts: ExpertShape | null;

  constructor(model: Architecture, gpu: Gpu, link: LinkTiming, options: RankOptions) {
    const { tensorParallel: tp, dataParallel: dp = 1, expertParallel = false, weightBytes } = options;
    const { moe, mla, headDim } = model;
    this.model = model;
    this.gpu = gpu;
    this.link = link;
    this.options = options;
    this.queryWidth = (model.numHeads / tp) * headDim;
    this.kvWidth = (mla ? 1 : Math.max(1, Math.floor(model.numKvHeads / tp))) * headDim;
    // vLLM cuts experts over the replicas too: `FusedMoEParallelConfig.flatten_tp_across_dp_and_pcp`.
    const sharers = tp * dp;
    this.experts = moe && {
      hidden: model.hiddenSize,
      width: expertParallel ? moe.expertSize : moe.expertSize / sharers,
      numExperts: moe.numExperts,
      topK: moe.topK,
      numLocal: expertParallel ? moe.numExperts / sharers : moe.numExperts,
      weightBytes,
    };
  }

  time(m: number): TokenTime {
    const { numLayers, moe } = this.model;
    const { pipelineParallel: pp = 1, embeds = true } = this.options;
    const moeLayers = moe?.layers ?? 0;
    const denseLayers = numLayers - moeLayers;
    const dense = denseLayers > 0 ? this.mlp(m, this.model.intermediateSize) : { gemm: 0, elementwise: 0 };
    const sharedSize = (moe?.numSharedExperts ?? 0) > 0 ? (moe?.sharedSize ?? 0) : 0;
    const shared = sharedSize > 0 ? this.mlp(m, sharedSize) : { gemm: 0, elementwise: 0 };
    const reduced = allReduce(this.link, this.options.tensorParallel, 2 * m * this.model.hiddenSize);
    return {
      gemm:
        numLayers * this.projections(m) +
        denseLayers * dense.gemm +
        moeLayers * (shared.gemm + this.router(m)),
      moe: moeLayers * this.expertTime(m),
      elementwise:
        numLayers * this.normsAndRope(m) +
        denseLayers * dense.elementwise +
        moeLayers * shared.elementwise +
        (embeds ? elementwise(this.gpu, 4 * m * this.model.hiddenSize) : 0),
      allReduce: 2 * numLayers * reduced + moeLayers * this.exchange(m) + (pp - 1) * this.send(m),
    };
  }

  /** Between two stages of a pipeline. */
  send(m: number): number {
    return stageSend(this.link, this.options.tensorParallel, m, this.model.hiddenSize);
  }

  private projections(m: number): number {
    const { gpu, queryWidth, kvWidth, model } = this;
    const { hiddenSize: h, mla } = model;
    const { weightBytes, tensorParallel } = this.options;
    if (mla !== null) return latentProjections(gpu, m, h, model.numHeads / tensorParallel, mla, weightBytes);
    return gemm(gpu, m, h, queryWidth + 2 * kvWidth, weightBytes) + gemm(gpu, m, queryWidth, h, weightBytes);
  }

  private normsAndRope(m: number): number {
    const { gpu, queryWidth, kvWidth } = this;
    const queriesAndKeys = elementwise(gpu, 4 * m * (queryWidth + kvWidth));
    return (
      2 * elementwise(gpu, 8 * m * this.model.hiddenSize) +
      queriesAndKeys +
      (HAS_QK_NORM.test(this.model.modelType) ? queriesAndKeys : 0) +
      elementwise(gpu, 8 * m * kvWidth)
    );
  }

  /** A gated MLP whose whole width is `size`. */
  private mlp(m: number, size: number): { gemm: number; elementwise: number } {
    const { hiddenSize: h, mlpMatrices } = this.model;
    const { tensorParallel, weightBytes } = this.options;
    const f = size / tensorParallel;
    return {
      gemm: gemm(this.gpu, m, h, (mlpMatrices - 1) * f, weightBytes) + gemm(this.gpu, m, f, h, weightBytes),
      elementwise: elementwise(this.gpu, 6 * m * f),
    };
  }

  private router(m: number): number {
    const { hiddenSize, moe } = this.model;
    return moe === null ? 0 : gemm(this.gpu, m, hiddenSize, moe.numExperts, 2);
  }

  /** Tokens that meet at the experts: those of all replicas that share them. */
  private gathered(m: number): number {
    return m * (this.options.dataParallel ?? 1);
  }

  private expertTime(m: number): number {
    if (this.experts === null) return 0;
    const tokens = this.gathered(m);
    return mixtureOfExperts(this.gpu, this.experts, tokens, touchedExperts(this.experts, tokens));
  }

  private exchange(m: number): number {
    const { dataParallel = 1, tensorParallel } = this.options;
    if (dataParallel === 1) return 0;
    return expertExchange(this.link, dataParallel * tensorParallel, this.gathered(m), this.model.hiddenSize);
  }
}
