import type { EncoderArchitecture } from './architecture.ts';
import { numberIn } from './config-parts.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * What the text model gets of the largest image where the tower takes images of any size: Qwen-VL's processor
 * allows 12,845,056 pixels of 28 × 28 a token, GLM's 28 × 28 × 2 × 6144 in two frames.
 */
const LARGEST_IMAGE_TOKENS = 16_384;
const LARGEST_GLM_IMAGE_TOKENS = 6144;

/**
 * A vision or audio tower: attention and MLP of its blocks, and the projector. Patch embedding and norms are below
 * 1 % of it.
 */
export function encoderOf(
  config: ModelConfig,
  tower: ModelConfig,
  textHiddenSize: number,
): EncoderArchitecture {
  const of = (names: readonly string[], fallback: number) =>
    names.map((name) => numberIn(tower, name, 0)).find((value) => value > 0) ?? fallback;
  const isGlm = String(config.model_type).startsWith('glm4v');
  const layers = of(['depth', 'num_hidden_layers', 'encoder_layers', 'layers'], 0);
  // Qwen2-VL calls the width of the text model hidden_size and its own embed_dim.
  const width = of(['embed_dim', 'hidden_size', 'd_model', 'width'], 0);
  const outerSize = of(['out_hidden_size'], textHiddenSize);
  const statedSize = of(['intermediate_size', 'encoder_ffn_dim'], of(['mlp_ratio'], 4) * width);
  // GLM's intermediate_size is the projector's; the blocks are as wide as the text model.
  const innerSize = isGlm ? outerSize : statedSize;
  const matrices = tower.hidden_act === 'silu' ? 3 : 2;
  const merge = mergeOf(config, tower);
  const merged = width * merge * merge;
  const projector = isGlm
    ? merged * outerSize + outerSize * outerSize + 3 * outerSize * statedSize
    : merged * merged + merged * textHiddenSize;
  const { patches, tokens } = largestImage(config, tower, merge, isGlm);
  return {
    parameters: layers * (4 * width * width + matrices * width * innerSize) + projector,
    projectorParameters: projector,
    layers,
    width,
    innerSize,
    patchesPerItem: patches,
    tokensPerItem: numberIn(config, 'mm_tokens_per_image', tokens),
  };
}

/** Patches along each side that become one token. */
function mergeOf(config: ModelConfig, tower: ModelConfig): number {
  const kernel = Array.isArray(tower.merge_kernel_size) ? Number(tower.merge_kernel_size[0]) : 1;
  const ratio = numberIn(config, 'downsample_ratio', numberIn(tower, 'pixel_shuffle_ratio', 0));
  const stated = numberIn(tower, 'spatial_merge_size', numberIn(config, 'spatial_merge_size', kernel));
  return ratio > 0 && ratio <= 1 ? Math.round(1 / ratio) : Math.max(1, stated);
}

function largestImage(
  config: ModelConfig,
  tower: ModelConfig,
  merge: number,
  isGlm: boolean,
): { patches: number; tokens: number } {
  const patchSize = Math.max(1, numberIn(tower, 'patch_size', 14));
  const side =
    Math.floor(numberIn(tower, 'image_size', 0) / patchSize) || numberIn(tower, 'init_pos_emb_height', 0);
  if (isGlm || side === 0) {
    const tokens = isGlm ? LARGEST_GLM_IMAGE_TOKENS : LARGEST_IMAGE_TOKENS;
    return { patches: tokens * merge * merge, tokens };
  }
  // InternVL cuts an image into tiles, and adds a small picture of the whole.
  const tiles = numberIn(config, 'max_dynamic_patch', 0) + 1;
  const patches = tiles * side * side;
  return { patches, tokens: Math.ceil(patches / (merge * merge)) };
}
