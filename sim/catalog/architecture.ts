import type { ModelConfig } from '../scenario/scenario.ts';

/** What the formulas need of a model, read from its Hugging Face `config.json`. */
export interface Architecture {
  readonly modelType: string;
  /** A vision or audio encoder stands in front of the text model. */
  readonly isMultimodal: boolean;
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
  readonly moe: MoeArchitecture | null;
  readonly mla: MlaArchitecture | null;
  /** Layers that see only a sliding window, and the window in tokens. */
  readonly slidingWindow: { readonly layers: number; readonly window: number } | null;
  /** As its quantization_config says: "awq", "fp8", …; null = not quantized. */
  readonly quantMethod: string | null;
  /** Bits per quantized weight, if the checkpoint says it. */
  readonly quantBits: number | null;
}

export interface MoeArchitecture {
  readonly numExperts: number;
  readonly topK: number;
  /** Width of one expert. */
  readonly expertSize: number;
  readonly numSharedExperts: number;
  /** Layers with experts; the others are dense. */
  readonly layers: number;
}

/** Multi-head latent attention (DeepSeek): one latent entry per token and layer. */
export interface MlaArchitecture {
  readonly qLoraRank: number;
  readonly kvLoraRank: number;
  readonly ropeDim: number;
  readonly nopeDim: number;
  readonly vDim: number;
}

/**
 * Reads a config.json of the Llama, Qwen, Mistral, GLM, DeepSeek, Phi, Gemma, gpt-oss and OPT families.
 * @returns the names of missing fields instead, if there are any.
 */
export function parseModelConfig(
  config: ModelConfig,
): Architecture | { readonly missing: readonly string[] } {
  // Multimodal models keep the text model's fields one level down.
  const text = isObject(config.text_config) ? { ...config, ...config.text_config } : config;
  const missing: string[] = [];
  const required = (...names: string[]): number => {
    const value = names.map((name) => text[name]).find((candidate) => typeof candidate === 'number');
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    missing.push(names[0]);
    return 1;
  };
  const optional = (name: string, fallback: number): number => {
    const value = text[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fallback;
  };

  const numLayers = required('num_hidden_layers', 'num_layers');
  const hiddenSize = required('hidden_size');
  const numHeads = required('num_attention_heads');
  const vocabSize = required('vocab_size', 'padded_vocab_size');
  const maxPositionEmbeddings = required('max_position_embeddings', 'seq_length');
  const intermediateSize = optional('intermediate_size', optional('ffn_dim', optional('ffn_hidden_size', 0)));
  const moe = moeOf(optional, intermediateSize, numLayers);
  if (intermediateSize === 0 && moe === null) missing.push('intermediate_size');
  if (missing.length > 0) return { missing };
  const quantization = isObject(config.quantization_config) ? config.quantization_config : null;
  return {
    modelType: String(text.model_type ?? ''),
    isMultimodal: isObject(config.vision_config) || isObject(config.audio_config),
    numLayers,
    hiddenSize,
    numHeads,
    numKvHeads: optional('num_key_value_heads', optional('multi_query_group_num', numHeads)),
    headDim: optional('head_dim', optional('kv_channels', Math.floor(hiddenSize / numHeads))),
    vocabSize,
    tieWordEmbeddings: text.tie_word_embeddings === true,
    intermediateSize: moe !== null && moe.layers === numLayers ? 0 : intermediateSize,
    mlpMatrices: text.model_type === 'opt' ? 2 : 3,
    maxPositionEmbeddings: scaledLength(text, maxPositionEmbeddings),
    moe,
    mla: mlaOf(optional),
    slidingWindow: slidingWindowOf(text, numLayers),
    quantMethod: typeof quantization?.quant_method === 'string' ? quantization.quant_method : null,
    quantBits: quantBitsOf(quantization),
  };
}

/** GPTQ and AWQ say it at the top, compressed-tensors in its first group. */
function quantBitsOf(quantization: Readonly<Record<string, unknown>> | null): number | null {
  const groups = isObject(quantization?.config_groups) ? Object.values(quantization.config_groups) : [];
  const weights = isObject(groups[0]) && isObject(groups[0].weights) ? groups[0].weights : null;
  const bits = quantization?.bits ?? quantization?.w_bit ?? weights?.num_bits;
  return typeof bits === 'number' && bits > 0 ? bits : null;
}

/** Rope scalings that stretch the context; llama3, longrope and su already count in the stated length. */
function scaledLength(text: ModelConfig, stated: number): number {
  const rope = isObject(text.rope_parameters) ? text.rope_parameters : text.rope_scaling;
  if (!isObject(rope) || String(text.model_type).startsWith('gemma3')) return stated;
  const type = rope.rope_type ?? rope.type;
  const { factor, original_max_position_embeddings: original } = rope;
  if (typeof factor !== 'number' || type === 'llama3' || type === 'longrope' || type === 'su') return stated;
  return Math.floor((type === 'yarn' && typeof original === 'number' ? original : stated) * factor);
}

type Optional = (name: string, fallback: number) => number;

function moeOf(optional: Optional, intermediateSize: number, numLayers: number): MoeArchitecture | null {
  const numExperts = optional('n_routed_experts', optional('num_local_experts', optional('num_experts', 0)));
  if (numExperts === 0) return null;
  return {
    numExperts,
    topK: optional('num_experts_per_tok', 1),
    expertSize: optional('moe_intermediate_size', intermediateSize),
    numSharedExperts: optional('n_shared_experts', 0),
    layers: numLayers - optional('first_k_dense_replace', 0),
  };
}

function mlaOf(optional: Optional): MlaArchitecture | null {
  const kvLoraRank = optional('kv_lora_rank', 0);
  if (kvLoraRank === 0) return null;
  return {
    qLoraRank: optional('q_lora_rank', 0),
    kvLoraRank,
    ropeDim: optional('qk_rope_head_dim', 64),
    nopeDim: optional('qk_nope_head_dim', 128),
    vDim: optional('v_head_dim', 128),
  };
}

function slidingWindowOf(text: ModelConfig, numLayers: number): Architecture['slidingWindow'] {
  const window = text.sliding_window;
  if (typeof window !== 'number' || text.use_sliding_window === false) return null;
  if (Array.isArray(text.layer_types)) {
    const layers = text.layer_types.filter((type) => type === 'sliding_attention').length;
    return layers > 0 ? { layers, window } : null;
  }
  const pattern = text.sliding_window_pattern;
  // Every pattern-th layer sees everything.
  if (typeof pattern === 'number' && pattern > 1)
    return { layers: numLayers - Math.floor(numLayers / pattern), window };
  if (text.model_type === 'gemma2') return { layers: Math.ceil(numLayers / 2), window };
  return { layers: numLayers, window };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
