import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import { LINKS, type LinkTiming } from '../catalog/links.ts';
import { NS_PER_S } from '../units.ts';
import { type AttentionShape, kvBytesPerToken } from './attention-shape.ts';
import type { StepBreakdown } from './breakdown.ts';
import { decodeAttention } from './decode-attention.ts';
import { type Drafting, oneMoreEach } from './drafting.ts';
import { elementwise } from './elementwise.ts';
import { gemm } from './gemm.ts';
import { graphSize } from './graph-size.ts';
import { type HostOverhead, NO_OVERHEAD, sampler, V1_OVERHEAD } from './host.ts';
import { type ImageEncoder, imageEncoder } from './image-encoder.ts';
import { latentShape } from './latent-attention.ts';
import { type RankOptions, TokenWork } from './layer.ts';
import { addPrefill, mixedAttention, noPrefill } from './mixed-attention.ts';
import { type BatchShape, emptyBatch, type StepTimeModel } from './step-time.ts';
import { blockCopies, type HostShare, hostTransfer, swapCopies } from './transfer.ts';

export interface RooflineOptions extends RankOptions {
  /** Tokens of the largest CUDA graph, up to which batches are padded to the next one; 0 = eager. Default: 512. */
  readonly largestGraph?: number;
  /** Sizes of the graphs, ascending, where they are not vLLM's usual ones. */
  readonly graphSizes?: readonly number[];
  /** Default: V1's. */
  readonly overhead?: HostOverhead;
  /** Default: the link that GPUs of this kind usually have. */
  readonly link?: LinkTiming;
  /** false: another stage of the pipeline has the head and samples. */
  readonly samples?: boolean;
  /** Absent: nothing crosses PCIe. */
  readonly host?: HostShare;
  /** Absent: nobody drafts, or it takes no time on the GPU. */
  readonly drafting?: Drafting;
  /** Absent: there is none, or it takes no time. */
  readonly encoder?: ImageEncoder;
}

const FIRST_TABLE_SIZE = 1024;

/** A step-time model that can say where the time goes. */
export interface AnalyticStepTime extends StepTimeModel {
  breakdown(batch: BatchShape): StepBreakdown;
  /** Sending the batch to another stage of a pipeline, integer nanoseconds. */
  sendNs(batch: BatchShape): number;
}

/** All that the model needs: a recording keeps it, so that the time of a step can be taken apart later. */
export interface RooflineInput {
  readonly model: Architecture;
  readonly gpu: Gpu;
  readonly options: RooflineOptions;
}

/**
 * The analytic step time of semantics/time.md: each kernel of a layer by its formula, times the layers, plus head,
 * sampler and host. docs/time.md says how accurate it is.
 */
export function rooflineStepTime({ model, gpu, options }: RooflineInput): AnalyticStepTime {
  return new Roofline(model, gpu, options);
}

/** What depends on a number of tokens or sequences alone is computed once per number, so a step costs little. */
class Roofline implements AnalyticStepTime {
  private readonly model: Architecture;
  private readonly gpu: Gpu;
  private readonly options: RooflineOptions;
  private readonly overhead: HostOverhead;
  private readonly tokenWork: TokenWork;
  /** Layers that see the whole context, and those that see a window of it. */
  private readonly globalLayers: number;
  private readonly localLayers: number;
  private readonly window: number;
  private readonly shape: AttentionShape;
  /** tokens → seconds of all layers without attention; sequences → seconds of head and sampler; 0 = not yet. */
  private tokenTable = new Float64Array(FIRST_TABLE_SIZE);
  private headTable = new Float64Array(FIRST_TABLE_SIZE);
  private readonly prefill = noPrefill();
  private readonly drafter: Roofline | null;
  private readonly draftBatch = emptyBatch(0);

  constructor(model: Architecture, gpu: Gpu, options: RooflineOptions) {
    this.model = model;
    this.gpu = gpu;
    this.options = options;
    this.overhead = options.overhead ?? V1_OVERHEAD;
    this.tokenWork = new TokenWork(model, gpu, options.link ?? LINKS[gpu.link], options);
    const { isLocal = [], window = 0 } = model.localAttention ?? {};
    this.localLayers = isLocal.filter(Boolean).length;
    this.globalLayers = model.numLayers - this.localLayers;
    this.window = window;
    this.shape = attentionShape(model, options);
    const { drafting, host: _, encoder: __, ...ofDrafter } = options;
    this.drafter = drafting?.model
      ? new Roofline(drafting.model, gpu, {
          ...ofDrafter,
          pipelineParallel: 1,
          embeds: true,
          overhead: NO_OVERHEAD,
        })
      : null;
  }

  stepNs(batch: BatchShape): number {
    return batch.numRequests === 0 ? 1 : Math.max(1, Math.round(this.seconds(batch) * NS_PER_S));
  }

  private seconds(batch: BatchShape): number {
    const { overhead } = this;
    return (
      overhead.perStep +
      overhead.perSequence * batch.numRequests +
      this.tokenSeconds(this.padded(batch.numTokens)) +
      this.headSeconds(this.numSampled(batch)) +
      this.attention(batch) +
      this.transfer(batch) +
      this.encoderSeconds(batch) +
      this.draftSeconds(batch)
    );
  }

  sendNs({ numTokens }: BatchShape): number {
    return Math.round(this.tokenWork.send(this.padded(numTokens)) * NS_PER_S);
  }

  breakdown(batch: BatchShape): StepBreakdown {
    const { overhead } = this;
    const { numRequests, numTokens } = batch;
    const numSampled = this.numSampled(batch);
    const tokens = numTokens > 0 ? this.tokenWork.time(this.padded(numTokens)) : null;
    const head = this.head(numSampled);
    return {
      gemm: (tokens?.gemm ?? 0) + head.gemm,
      attention: this.attention(batch),
      moe: tokens?.moe ?? 0,
      elementwise: (tokens?.elementwise ?? 0) + head.elementwise,
      sampler: sampler(this.gpu, numSampled),
      allReduce: tokens?.allReduce ?? 0,
      transfer: this.transfer(batch),
      encoder: this.encoderSeconds(batch),
      drafts: numRequests === 0 ? 0 : this.draftSeconds(batch),
      overhead: numRequests === 0 ? 0 : overhead.perStep + overhead.perSequence * numRequests,
    };
  }

  private numSampled(batch: BatchShape): number {
    return this.options.samples === false ? 0 : batch.numSampled;
  }

  private padded(numTokens: number): number {
    return graphSize(numTokens, this.options.largestGraph, this.options.graphSizes);
  }

  private tokenSeconds(m: number): number {
    if (m >= this.tokenTable.length) this.tokenTable = grown(this.tokenTable, m);
    if (this.tokenTable[m] === 0 && m > 0) {
      const work = this.tokenWork.time(m);
      this.tokenTable[m] = work.gemm + work.moe + work.elementwise + work.allReduce;
    }
    return this.tokenTable[m];
  }

  private headSeconds(n: number): number {
    if (n >= this.headTable.length) this.headTable = grown(this.headTable, n);
    if (this.headTable[n] === 0 && n > 0) {
      const head = this.head(n);
      this.headTable[n] = head.gemm + head.elementwise + sampler(this.gpu, n);
    }
    return this.headTable[n];
  }

  /** Final norm and vocabulary for n sequences that sample. */
  private head(n: number): { gemm: number; elementwise: number } {
    if (n === 0) return { gemm: 0, elementwise: 0 };
    const { hiddenSize, vocabSize } = this.model;
    return {
      gemm: gemm(this.gpu, n, hiddenSize, vocabSize / this.options.tensorParallel, 2),
      elementwise: elementwise(this.gpu, 8 * n * hiddenSize),
    };
  }

  /** Seconds of what crosses PCIe before or in the step, and of V0's copies. */
  private transfer({ swappedBlocks = 0, copiedBlocks = 0 }: BatchShape): number {
    const { host } = this.options;
    if (host === undefined) return 0;
    const { weightBytes, blockSize } = host;
    const numStages = weightBytes.length;
    const numLayers = this.model.numLayers / numStages;
    const blockBytes = numLayers * kvBytesPerToken(this.shape) * blockSize;
    const copies = swapCopies(swappedBlocks, numLayers);
    let seconds = 0;
    for (const bytes of weightBytes) seconds += hostTransfer(this.gpu, bytes);
    return (
      seconds +
      numStages * hostTransfer(this.gpu, swappedBlocks * blockBytes, copies) +
      numStages * blockCopies(this.gpu, copiedBlocks * blockBytes)
    );
  }

  /** Of images, in front of the first stage's layers. */
  private encoderSeconds({ encodedEmbeds = 0, encodedSquares = 0 }: BatchShape): number {
    const { encoder, embeds } = this.options;
    if (encoder === undefined || embeds === false) return 0;
    return imageEncoder(this.gpu, encoder, encodedEmbeds, encodedSquares);
  }

  /** Drafts for the next step are made at the end of this one. */
  private draftSeconds(batch: BatchShape): number {
    const { drafter, draftBatch } = this;
    const { drafting, samples } = this.options;
    if (drafter === null || drafting === undefined || samples === false) return 0;
    oneMoreEach(batch, draftBatch);
    const more = batch.numSampled === 0 ? 0 : (drafting.numTokens - 1) * drafter.seconds(draftBatch);
    return drafter.seconds(batch) + more;
  }

  /** Seconds of all layers' attention. */
  private attention(batch: BatchShape): number {
    let seconds = 0;
    if (this.globalLayers > 0) seconds += this.globalLayers * this.layerAttention(batch, Infinity);
    if (this.localLayers > 0) seconds += this.localLayers * this.layerAttention(batch, this.window);
    return seconds;
  }

  /** One layer in which a token sees `window` tokens; of uneven decodes the sum of what they see is an upper bound. */
  private layerAttention(batch: BatchShape, window: number): number {
    const { gpu, shape, prefill } = this;
    const { numDecodes, numPrefills } = batch;
    const context = Math.min(batch.decodeContextTokens, numDecodes * window || 0);
    const longest = Math.min(batch.maxDecodeContext, window);
    if (numPrefills === 0) {
      return numDecodes === 0 ? 0 : decodeAttention(gpu, shape, numDecodes, context, longest);
    }
    prefill.rows = 0;
    prefill.context = 0;
    prefill.longest = 0;
    for (let i = 0; i < numPrefills; i++) {
      addPrefill(gpu, prefill, batch.prefillTokens[i], Math.min(batch.prefillComputed[i], window));
    }
    return mixedAttention(gpu, shape, prefill, numDecodes, context, longest);
  }
}

/** A copy of a table that has a place for an index. */
function grown(table: Float64Array<ArrayBuffer>, index: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * Math.max(index, table.length));
  larger.set(table);
  return larger;
}

/** Heads of one rank. */
function attentionShape(model: Architecture, { tensorParallel: tp, kvBytes }: RankOptions): AttentionShape {
  const queryHeads = model.numHeads / tp;
  if (model.mla !== null) return latentShape(model.mla, queryHeads, kvBytes);
  const kvHeads = Math.max(1, Math.floor(model.numKvHeads / tp));
  return { queryHeads, kvHeads, headDim: model.headDim, kvBytes };
}
