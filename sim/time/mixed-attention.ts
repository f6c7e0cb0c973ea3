import type { Gpu } from '../catalog/gpus.ts';
import { type AttentionShape, kvBytesPerToken } from './attention-shape.ts';
import { smoothMax } from './smooth-max.ts';

/** Share of the memory bandwidth that FlashAttention reaches. */
const MEMORY_EFFICIENCY = 0.92;
/** From this many decodes per SM on, heads that share keys no longer meet in the L2 cache. */
const DECODES_THAT_LOSE_L2 = 0.75;

/** What the prefill chunks of a batch ask of attention. */
export interface PrefillRows {
  /** Keys that the query tiles go through, per head. */
  rows: number;
  /** Tokens that the chunks read, new and cached. */
  context: number;
  /** Longest of them. */
  longest: number;
}

export function noPrefill(): PrefillRows {
  return { rows: 0, context: 0, longest: 0 };
}

/** Adds a chunk of `c` new tokens behind `k` cached ones: tiles of Mq query rows, each against the keys before it. */
export function addPrefill(gpu: Gpu, into: PrefillRows, c: number, k: number): void {
  const { Mq } = gpu.par.fa;
  const tiles = Math.ceil(c / Mq);
  into.rows += tiles * k + Math.min((Mq * tiles * (tiles + 1)) / 2, tiles * c);
  into.context += k + c;
  if (k + c > into.longest) into.longest = k + c;
}

/**
 * Seconds of one layer's attention of a batch with prefill (semantics/time.md §1). It is one kernel, in which each
 * decode occupies a padded tile of Mq query rows per query head without splitting its context: so a small chunk
 * makes the decodes beside it two to four times as dear. FlashAttention 3 (Hopper) packs the query heads that
 * share a key; how it treats mixed batches is assumed, not measured. `lone` is what a tile that has its SM to
 * itself takes, in units of its share of a full SM.
 */
export function mixedAttention(
  gpu: Gpu,
  shape: AttentionShape,
  prefill: PrefillRows,
  numDecodes: number,
  decodeContext: number,
  longestDecode: number,
): number {
  const { t0, ef, lam, lone, p, Mq } = gpu.par.fa;
  const { queryHeads, kvHeads, headDim } = shape;
  const isFa3 = gpu.fa3 === true;
  const rows = queryHeads * prefill.rows + (isFa3 ? kvHeads : queryHeads) * (decodeContext + numDecodes);
  const longest = isFa3 ? prefill.longest : Math.max(prefill.longest, longestDecode);
  const unit = (4 * Mq * headDim * gpu.sms) / (gpu.tflops * 1e12 * ef);
  const compute = unit * Math.max(rows / gpu.sms + lam * longest, lone * longest);
  const rereads = !isFa3 && numDecodes >= DECODES_THAT_LOSE_L2 * gpu.sms ? queryHeads / kvHeads : 1;
  const bytes = kvBytesPerToken(shape) * (prefill.context + rereads * decodeContext);
  return t0 + smoothMax(compute, bytes / (MEMORY_EFFICIENCY * gpu.hbmTBs * 1e12), p);
}
