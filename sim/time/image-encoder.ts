import type { EncoderArchitecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';

/** The tower in front of the text model. */
export interface ImageEncoder {
  readonly architecture: EncoderArchitecture;
  /** Ranks that share the images' work. */
  readonly ranks: number;
  /** Ranks over which its weights are cut; 1 = each has all of them, and takes images of its own. */
  readonly shards: number;
}

/** Bytes of a weight: encoders are not quantized. */
const WEIGHT_BYTES = 2;

/**
 * Seconds of the encoder for images that give so many embeddings, with the sum of their squares: the larger of what
 * its weights take to be read and what its products and attention take to be computed, at the rates that the GPU's
 * large matrix products reach. Each patch attends to all of its image, as if no block had windows. Nothing of it was measured.
 */
export function imageEncoder(gpu: Gpu, encoder: ImageEncoder, embeds: number, squares: number): number {
  if (embeds === 0) return 0;
  const { architecture, ranks, shards } = encoder;
  const { parameters, projectorParameters, layers, width, patchesPerItem, tokensPerItem } = architecture;
  const { ec, em } = gpu.par.gemm;
  const patchesPerEmbed = patchesPerItem / tokensPerItem;
  const products = 2 * embeds * (patchesPerEmbed * (parameters - projectorParameters) + projectorParameters);
  const attention = 4 * layers * width * squares * patchesPerEmbed * patchesPerEmbed;
  const compute = (products + attention) / (gpu.tflops * 1e12 * ec * ranks);
  const memory = (WEIGHT_BYTES * parameters) / (gpu.hbmTBs * 1e12 * em * shards);
  return Math.max(compute, memory);
}
