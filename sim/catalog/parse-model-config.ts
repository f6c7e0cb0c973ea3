import { isObject } from '../plain-values.ts';
import type { Architecture } from './architecture.ts';
import { familyOf, spelledOut, towerSpelledOut } from './config-families.ts';
import {
  globalAttentionOf,
  localAttentionOf,
  mlaOf,
  moeOf,
  numberIn,
  type Optional,
  quantBitsOf,
  scaledLength,
  sparesAttention,
  unsupportedIn,
} from './config-parts.ts';
import { encoderOf } from './encoder.ts';
import type { ModelConfig } from './model-config.ts';

/** A config.json without an architecture in it. */
export interface Unusable {
  /** Names of fields. */
  readonly missing: readonly string[];
  /** What Poolscope has no formulas for, in words; null = it is just incomplete. */
  readonly unsupported: string | null;
}

/** The layers are listed one by one. */
const MOST_LAYERS = 10_000;

/**
 * Reads a config.json of the Llama, Qwen, Mistral, GLM, DeepSeek, Phi, Gemma, gpt-oss, Cohere, Falcon, BLOOM, MPT,
 * DBRX, GPT and OPT families, and of those that spell theirs alike.
 * @returns the names of missing fields instead, if there are any.
 */
export function parseModelConfig(config: ModelConfig): Architecture | Unusable {
  // Multimodal models keep the text model's fields one level down.
  const nested = [config.text_config, config.llm_config, config.thinker_config].find(isObject);
  const text = spelledOut(config, nested);
  const family = familyOf(text);
  const unsupported = unsupportedIn(text);
  const missing: string[] = [];
  const required = (name: string): number => {
    const value = text[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    missing.push(name);
    return 1;
  };
  const optional: Optional = (name, fallback) => numberIn(text, name, fallback);

  const numLayers = required('num_hidden_layers');
  if (numLayers > MOST_LAYERS) return { missing: ['num_hidden_layers'], unsupported };
  const hiddenSize = required('hidden_size');
  const numHeads = required('num_attention_heads');
  const vocabSize = required('vocab_size');
  const maxPositionEmbeddings = required('max_position_embeddings');
  const intermediateSize = optional('intermediate_size', 0);
  const moe = moeOf(text, optional, intermediateSize, numLayers);
  if (intermediateSize === 0 && moe === null) missing.push('intermediate_size');
  if (missing.length > 0) return { missing, unsupported };
  const quantization = isObject(config.quantization_config) ? config.quantization_config : null;
  const headDim = optional('head_dim', optional('kv_channels', Math.floor(hiddenSize / numHeads)));
  const mla = mlaOf(optional);
  const described = [config.vision_config, config.audio_config].find(isObject);
  const tower = described === undefined ? undefined : towerSpelledOut(described);
  const length = scaledLength(text, maxPositionEmbeddings);
  return {
    modelType: String(text.model_type ?? ''),
    isMultimodal: tower !== undefined,
    encoder: tower === undefined ? null : encoderOf(config, tower, hiddenSize),
    numLayers,
    hiddenSize,
    numHeads,
    numKvHeads: optional('num_key_value_heads', numHeads),
    headDim,
    vocabSize,
    tieWordEmbeddings: (text.tie_word_embeddings ?? family.tiesEmbeddings) === true,
    intermediateSize: moe !== null && moe.layers === numLayers ? 0 : intermediateSize,
    mlpMatrices: family.mlpMatrices,
    maxPositionEmbeddings: length,
    positionValues:
      family.positions === 'none'
        ? 0
        : family.positions === 'learned'
          ? (maxPositionEmbeddings + (text.model_type === 'opt' ? 2 : 0)) * hiddenSize
          : length * Math.floor((mla?.ropeDim ?? headDim) * optional('partial_rotary_factor', 1)),
    moe,
    mla,
    localAttention: localAttentionOf(text, numLayers),
    globalAttention: globalAttentionOf(text, optional),
    dtype: String(text.torch_dtype ?? text.dtype ?? ''),
    quantMethod: typeof quantization?.quant_method === 'string' ? quantization.quant_method : null,
    quantBits: quantBitsOf(quantization),
    quantizesExpertsOnly: moe !== null && sparesAttention(quantization),
    unsupported,
  };
}
