import { isObject } from '../plain-values.ts';
import type { GlobalAttention, LocalAttention, MlaArchitecture, MoeArchitecture } from './architecture.ts';
import type { ModelConfig } from './model-config.ts';

/* Parts of a config.json that families spell differently. */

/** Families whose caches follow other rules, or that have none. */
const OTHER_FAMILIES: readonly (readonly [RegExp, what: string])[] = [
  [
    /^(mamba|mamba2|falcon_mamba|codestral_mamba|bamba|jamba|zamba|zamba2|falcon_h1|nemotron_h|plamo2|granitemoehybrid|lfm2|lfm2_moe)$/,
    'state-space layers',
  ],
  [
    /^(rwkv\d*|recurrent_gemma|xlstm|kimi_linear|qwen3_next|minimax_text_01)$/,
    'recurrent or linear attention',
  ],
  [
    /^(t5|mt5|umt5|bart|mbart|marian|pegasus|whisper|m2m_100|florence2|mllama|mllama_text_model)$/,
    'cross-attention',
  ],
  [
    /^((xlm-)?roberta(-xl)?|bert|modernbert|distilbert|albert|electra|deberta(-v2)?|nomic_bert|new|clip|siglip)$/,
    'an encoder without a KV cache',
  ],
  [/^(phi3small)$/, 'block-sparse attention'],
  [/^(minicpm3)$/, 'latent attention whose cache holds all heads'],
  [/^(gemma3n|gemma3n_text)$/, 'embeddings of every layer'],
];

/** State-space and linear attention, encoders with cross-attention: their caches follow other rules. */
export function unsupportedIn(text: ModelConfig): string | null {
  const family = OTHER_FAMILIES.find(([pattern]) => pattern.test(String(text.model_type)));
  if (family !== undefined) return `${family[1]} (${text.model_type})`;
  const types = Array.isArray(text.layer_types) ? text.layer_types : [];
  const recurrent = types.find((type) => /linear|mamba|recurrent|conv/.test(String(type)));
  if (recurrent !== undefined) return `layers of type ${recurrent}`;
  // MiniMax lists its layers: 0 = linear attention.
  if (Array.isArray(text.attn_type_list) && text.attn_type_list.includes(0)) {
    return 'linear attention (attn_type_list)';
  }
  const number = [
    'mamba_d_state',
    'ssm_state_size',
    'linear_num_value_heads',
    'mamba_num_heads',
    'state_size',
  ];
  const field =
    number.find((name) => typeof text[name] === 'number') ??
    ['linear_attn_config', 'mamba_config'].find((name) => isObject(text[name]));
  if (field !== undefined) return `state-space or linear attention (${field})`;
  if (numberIn(text, 'hidden_size_per_layer_input', 0) > 0) return 'embeddings of every layer';
  if (Array.isArray(text.cross_attention_layers)) return 'cross-attention (cross_attention_layers)';
  const tower = ['img_processor', 'audio_processor', 'embd_layer'].find((name) => isObject(text[name]));
  if (tower !== undefined) return `an encoder that the config.json does not describe (${tower})`;
  return text.is_encoder_decoder === true ? 'an encoder with cross-attention' : null;
}

/** GPTQ and AWQ say it at the top, compressed-tensors in its first group. */
export function quantBitsOf(quantization: Readonly<Record<string, unknown>> | null): number | null {
  const groups = isObject(quantization?.config_groups) ? Object.values(quantization.config_groups) : [];
  const weights = isObject(groups[0]) && isObject(groups[0].weights) ? groups[0].weights : null;
  const bits = quantization?.bits ?? quantization?.w_bit ?? weights?.num_bits;
  return typeof bits === 'number' && bits > 0 ? bits : null;
}

/** The modules that a checkpoint leaves unquantized include the attention (gpt-oss, Kimi K2 Thinking). */
export function sparesAttention(quantization: Readonly<Record<string, unknown>> | null): boolean {
  const spared = quantization?.modules_to_not_convert ?? quantization?.ignore;
  return Array.isArray(spared) && spared.some((name) => /self_attn(\.?\*|$)/.test(String(name)));
}

/** Rope scalings that stretch the context; llama3, longrope and su already count in the stated length. */
export function scaledLength(text: ModelConfig, stated: number): number {
  const rope = isObject(text.rope_parameters) ? text.rope_parameters : text.rope_scaling;
  if (!isObject(rope) || String(text.model_type).startsWith('gemma3')) return stated;
  const type = rope.rope_type ?? rope.type;
  const { factor, original_max_position_embeddings: original } = rope;
  if (typeof factor !== 'number' || type === 'llama3' || type === 'longrope' || type === 'su') return stated;
  return Math.floor((type === 'yarn' && typeof original === 'number' ? original : stated) * factor);
}

export type Optional = (name: string, fallback: number) => number;

/** Its experts; null for a dense model. */
export function moeOf(
  text: ModelConfig,
  optional: Optional,
  intermediateSize: number,
  numLayers: number,
): MoeArchitecture | null {
  const numExperts = optional('n_routed_experts', optional('num_local_experts', optional('num_experts', 0)));
  if (numExperts === 0) return null;
  const firstDense = optional('first_k_dense_replace', 0);
  // Every step-th layer has experts (Qwen, Llama 4), except for those that are listed.
  const step = Math.max(1, optional('decoder_sparse_step', optional('interleave_moe_layer_step', 1)));
  const dense = Array.isArray(text.mlp_only_layers) ? text.mlp_only_layers : [];
  const hasExperts = Array.from(
    { length: numLayers },
    (_, layer) => layer >= firstDense && (layer + 1) % step === 0 && !dense.includes(layer),
  );
  const expertSize = optional('moe_intermediate_size', intermediateSize);
  const isLlama4 = text.model_type === 'llama4_text' || text.model_type === 'llama4';
  // Gemma 4 has a dense MLP beside the experts of every layer.
  const hasBoth = String(text.model_type).startsWith('gemma4');
  const numSharedExperts = optional('n_shared_experts', isLlama4 ? 1 : 0);
  return {
    numExperts,
    topK: optional('num_experts_per_tok', optional('top_k_experts', 1)),
    expertSize,
    sharedSize: hasBoth
      ? intermediateSize
      : optional('shared_expert_intermediate_size', numSharedExperts * expertSize),
    numSharedExperts,
    layers: hasExperts.filter(Boolean).length,
    hasExperts,
  };
}

/** Multi-head latent attention; null where the config has none. */
export function mlaOf(optional: Optional): MlaArchitecture | null {
  const kvLoraRank = optional('kv_lora_rank', 0);
  if (kvLoraRank === 0) return null;
  return {
    qLoraRank: optional('q_lora_rank', 0),
    kvLoraRank,
    ropeDim: optional('qk_rope_head_dim', 64),
    nopeDim: optional('qk_nope_head_dim', 128),
    vDim: optional('v_head_dim', 128),
    indexDim: optional('index_head_dim', 0),
  };
}

/** Which layers see but a part of the context; null if all see everything. */
export function localAttentionOf(text: ModelConfig, numLayers: number): LocalAttention | null {
  const types = Array.isArray(text.layer_types) ? text.layer_types : null;
  const chunk = text.attention_chunk_size;
  const isChunked = typeof chunk === 'number' && String(text.model_type).startsWith('llama4');
  const window = isChunked ? chunk : text.sliding_window;
  if (typeof window !== 'number' || text.use_sliding_window === false) return null;
  const pattern = text.sliding_window_pattern;
  // Every pattern-th layer sees everything; of Llama 4, those without rope.
  const period = isChunked ? 4 : typeof pattern === 'number' ? pattern : 0;
  const isLocal = Array.from({ length: numLayers }, (_, layer) => {
    if (types !== null) return /sliding|chunked/.test(String(types[layer]));
    if (text.model_type === 'gemma2') return layer % 2 === 0;
    return period > 1 ? (layer + 1) % period !== 0 : true;
  });
  if (!isLocal.includes(true)) return null;
  return { kind: isChunked ? 'chunked_local' : 'sliding_window', window, isLocal };
}

/** The other layers' heads where they differ; null if they do not. */
export function globalAttentionOf(text: ModelConfig, optional: Optional): GlobalAttention | null {
  const headDim = optional('global_head_dim', 0);
  if (headDim === 0) return null;
  const keysAreValues = text.attention_k_eq_v === true;
  const local = optional('num_key_value_heads', 1);
  return {
    numKvHeads: keysAreValues ? optional('num_global_key_value_heads', local) : local,
    headDim,
    keysAreValues,
  };
}

/** A field's value; the fallback where it is no finite number from 0 on. */
export function numberIn(config: ModelConfig, name: string, fallback: number): number {
  const value = config[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fallback;
}
