/**
 * What a step's duration depends on. The scheduler fills one such object in place every step; a model
 * must not keep it. A request that schedules exactly one token and samples counts as a decode, everything
 * else (prefill chunks, verification of drafts) as a prefill.
 */
export interface BatchShape {
  /** Requests in the batch. */
  numRequests: number;
  /** Tokens in the batch, all requests. */
  numTokens: number;
  /** Requests that sample a token in this step. */
  numSampled: number;
  numDecodes: number;
  /** Sum over decodes of the KV context they read, tokens (their own new token included). */
  decodeContextTokens: number;
  /** Longest context of a decode, tokens. */
  maxDecodeContext: number;
  numPrefills: number;
  /** prefill index → new tokens c in this step; valid below numPrefills. */
  prefillTokens: Int32Array;
  /** prefill index → cached tokens k before this step; valid below numPrefills. */
  prefillComputed: Int32Array;
  /** V0: blocks that go between GPU and CPU before the step, either way; absent = none. */
  swappedBlocks?: number;
  /** V0: blocks that are copied on write; absent = none. */
  copiedBlocks?: number;
  /** Embeddings of the images that go through the encoder in this step, and the sum of their squares; absent = none. */
  encodedEmbeds?: number;
  encodedSquares?: number;
}

/** The shape of no batch yet, with room for so many prefills. */
export function emptyBatch(mostPrefills: number): BatchShape {
  return {
    numRequests: 0,
    numTokens: 0,
    numSampled: 0,
    numDecodes: 0,
    decodeContextTokens: 0,
    maxDecodeContext: 0,
    numPrefills: 0,
    prefillTokens: new Int32Array(mostPrefills),
    prefillComputed: new Int32Array(mostPrefills),
  };
}

/** Makes it the shape of a batch without requests. */
export function clearBatch(shape: BatchShape): void {
  shape.numRequests = 0;
  shape.numTokens = 0;
  shape.numSampled = 0;
  shape.numDecodes = 0;
  shape.decodeContextTokens = 0;
  shape.maxDecodeContext = 0;
  shape.numPrefills = 0;
}

/** Adds sequences of a request that decode `tokens` each, and read a context of so many. */
export function addDecodes(shape: BatchShape, context: number, tokens: number, sequences: number): void {
  shape.numTokens += sequences * tokens;
  shape.numSampled += sequences;
  shape.numDecodes += sequences;
  shape.decodeContextTokens += sequences * context;
  if (context > shape.maxDecodeContext) shape.maxDecodeContext = context;
}

/** Adds a prefill of `tokens` behind `computed` ones. */
export function addPrefill(shape: BatchShape, computed: number, tokens: number, samples: boolean): void {
  shape.numTokens += tokens;
  if (samples) shape.numSampled++;
  shape.prefillTokens[shape.numPrefills] = tokens;
  shape.prefillComputed[shape.numPrefills++] = computed;
}

/** How long a step takes. Pure: the same shape gives the same time, in Node and in every browser. */
export interface StepTimeModel {
  /** Duration of the step, integer nanoseconds, at least 1. */
  stepNs(batch: BatchShape): number;
}

/** A step-time model that knows the stages of a pipeline; `stepNs` is the time of all of them and of the sends. */
export interface StageTimes extends StepTimeModel {
  readonly numStages: number;
  /** Nanoseconds of each stage into `stageNs`; returns those of sending the batch from one to the next. */
  stages(batch: BatchShape, stageNs: Float64Array): number;
}
