import { familyOf, spelledOut, towerSpelledOut } from './config-families.ts';
import {
  globalAttentionOf,
  isObject,
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

/** What the formulas need of a model, read from its Hugging Face `config.json`. */
export interface Architecture {
  readonly modelType: string;
  /** A vision or audio encoder stands in front of the text model. */
  readonly isMultimodal: boolean;
  /** That encoder, where the config describes it. */
  readonly encoder: EncoderArchitecture | null;
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly tieWordEmbeddings: boolean;
  /** Width of a dense MLP; 0 if every layer is a mixture of experts. */
  readonly intermediateSize: number;
  /** Matrices of a dense MLP: 3 with a gate, 2 without (OPT). */
  readonly mlpMatrices: number;
  /** Longest context as vLLM derives it, tokens: scaled where the rope is. */
  readonly maxPositionEmbeddings: number;
  /** Values of the table of positions that every rank keeps: rope's cos and sin, or OPT's embedding. */
  readonly positionValues: number;
  readonly moe: MoeArchitecture | null;
  readonly mla: MlaArchitecture | null;
  readonly localAttention: LocalAttention | null;
  /** Heads of the layers that see everything, where they differ from the local ones (Gemma 4). */
  readonly globalAttention: GlobalAttention | null;
  /** As the checkpoint says: "bfloat16", …; empty = nothing. */
  readonly dtype: string;
  /** As its quantization_config says: "awq", "fp8", …; null = not quantized. */
  readonly quantMethod: string | null;
  /** Bits per quantized weight, if the checkpoint says it. */
  readonly quantBits: number | null;
  /** Attention and dense matrices stay as they are; only the experts are quantized. */
  readonly quantizesExpertsOnly: boolean;
  /** What Poolscope has no formulas for, in words; null = everything is known. */
  readonly unsupported: string | null;
}

export interface MoeArchitecture {
  readonly numExperts: number;
  readonly topK: number;
  /** Width of one expert. */
  readonly expertSize: number;
  /** Width of all experts that every token visits; 0 = none. */
  readonly sharedSize: number;
  readonly numSharedExperts: number;
  /** Layers with experts; the others are dense. */
  readonly layers: number;
  /** Whether a layer has experts, layer by layer. */
  readonly hasExperts: readonly boolean[];
}

/** A vision or audio tower with its projector, read from its own part of the config. */
export interface EncoderArchitecture {
  /** Of tower and projector. */
  readonly parameters: number;
  /** Those of the projector, which sees what the text model gets; the tower sees every patch. */
  readonly projectorParameters: number;
  /** Blocks of the tower. */
  readonly layers: number;
  readonly width: number;
  /** Of its MLP. */
  readonly innerSize: number;
  /** Positions of the tower per image, and what the text model gets of them, at the largest image. */
  readonly patchesPerItem: number;
  readonly tokensPerItem: number;
}

/** Multi-head latent attention (DeepSeek): one latent entry per token and layer. */
export interface MlaArchitecture {
  readonly qLoraRank: number;
  readonly kvLoraRank: number;
  readonly ropeDim: number;
  readonly nopeDim: number;
  readonly vDim: number;
  /** Width of the sparse attention's indexer (DeepSeek V3.2), which caches keys of its own; 0 = none. */
  readonly indexDim: number;
}

export interface GlobalAttention {
  readonly numKvHeads: number;
  readonly headDim: number;
  /** Keys serve as values too: one projection less. */
  readonly keysAreValues: boolean;
}

/** Layers that do not see the whole context. */
export interface LocalAttention {
  /** chunked_local: only the aligned chunk that a token is in (Llama 4). */
  readonly kind: 'sliding_window' | 'chunked_local';
  /** Tokens. */
  readonly window: number;
  /** Whether a layer is of this kind, layer by layer. */
  readonly isLocal: readonly boolean[];
}

/** A config.json without an architecture in it. */
export interface Unusable {
  /** Names of fields. */
  readonly missing: readonly string[];
  /** What Poolscope has no formulas for, in words; null = it is just incomplete. */
  readonly unsupported: string | null;
}

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
  // The layers are listed one by one.
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

const MOST_LAYERS = 10_000;
