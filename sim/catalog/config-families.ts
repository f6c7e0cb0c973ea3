import { isObject } from '../plain-values.ts';
import type { ModelConfig } from './model-config.ts';

/* How families spell a config.json, and what their config classes say where the file is silent. */

/** Other names of a field, in the order in which they count. */
const SPELLINGS: readonly (readonly [field: string, others: readonly string[]])[] = [
  ['num_hidden_layers', ['num_layers', 'n_layer', 'n_layers']],
  ['hidden_size', ['n_embd', 'n_embed', 'd_model', 'dim']],
  ['num_attention_heads', ['n_head', 'n_heads', 'num_heads']],
  ['num_key_value_heads', ['num_kv_heads', 'n_kv_heads', 'n_head_kv', 'kv_n_heads', 'multi_query_group_num']],
  ['vocab_size', ['padded_vocab_size']],
  [
    'max_position_embeddings',
    ['seq_length', 'n_positions', 'max_seq_len', 'max_sequence_length', 'model_max_length'],
  ],
  ['intermediate_size', ['ffn_dim', 'ffn_hidden_size', 'n_inner', 'ff_intermediate_size', 'hidden_dim']],
  ['n_routed_experts', ['moe_num_experts']],
  ['n_shared_experts', ['moe_num_shared_experts', 'num_shared_expert']],
  ['num_experts_per_tok', ['moe_k', 'moe_topk', 'moe_top_k']],
  ['first_k_dense_replace', ['moe_layer_start_index']],
  ['partial_rotary_factor', ['rotary_pct']],
];

/** Nested parts that hold fields of the model itself (MPT, DBRX, Mistral's own format). */
const PARTS = ['attn_config', 'ffn_config', 'moe'];

/** Values of a config class that a nested text_config leaves out. */
const NESTED_DEFAULTS: Readonly<Record<string, ModelConfig>> = {
  llama: {
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    vocab_size: 32_000,
    max_position_embeddings: 2048,
  },
  mistral: {
    hidden_size: 4096,
    intermediate_size: 14_336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    vocab_size: 32_000,
    max_position_embeddings: 131_072,
    sliding_window: 4096,
  },
  qwen2: {
    hidden_size: 4096,
    intermediate_size: 22_016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    vocab_size: 151_936,
    max_position_embeddings: 32_768,
  },
  gemma3_text: {
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    vocab_size: 262_208,
    max_position_embeddings: 131_072,
    sliding_window_pattern: 6,
  },
};

const TOWER_DEFAULTS: Readonly<Record<string, ModelConfig>> = {
  pixtral: {
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    image_size: 1024,
    patch_size: 16,
    hidden_act: 'silu',
  },
};

/** Families with positions in place of rope: a learned table, or a bias that needs none. */
const LEARNED = /^(gpt2|gpt_bigcode|opt)$/;
const BIASED = /^(bloom|mpt)$/;
/** Families whose MLP has no gate. */
const WITHOUT_GATE =
  /^(opt|phi|gpt2|gptj|gpt_neox|gpt_bigcode|bloom|falcon|mpt|starcoder2|nemotron|persimmon)$/;
/** Families whose MLP is four times as wide as the model where the config does not say. */
const FOUR_TIMES = /^(gpt2|gptj|gpt_bigcode|bloom|falcon|mpt)$/;
/** Families whose config class ties the embeddings unless the file says otherwise. */
const TIED =
  /^(gemma|gemma2|gemma3|gemma3_text|opt|gpt2|gpt_bigcode|bloom|falcon|mpt|starcoder2|cohere|cohere2)$/;

export interface Family {
  /** Matrices of a dense MLP: 3 with a gate, 2 without. */
  readonly mlpMatrices: number;
  readonly tiesEmbeddings: boolean;
  readonly positions: 'rope' | 'learned' | 'none';
}

/** What a family takes for granted, which its config.json does not say. */
export function familyOf(text: ModelConfig): Family {
  const type = String(text.model_type);
  const isBiased = BIASED.test(type) || (type === 'falcon' && text.alibi === true);
  return {
    mlpMatrices: WITHOUT_GATE.test(type) ? 2 : 3,
    tiesEmbeddings: TIED.test(type),
    positions: LEARNED.test(type) ? 'learned' : isBiased ? 'none' : 'rope',
  };
}

/**
 * The text model's part of a config.json under the names that Llama uses.
 * @param nested the part that describes the text model, if it is one level down.
 */
export function spelledOut(config: ModelConfig, nested: ModelConfig | undefined): ModelConfig {
  const type = String((nested ?? config).model_type);
  const defaults = nested !== undefined && Object.hasOwn(NESTED_DEFAULTS, type) ? NESTED_DEFAULTS[type] : {};
  const text: Record<string, unknown> = { ...defaults, ...withoutNulls(config, defaults), ...nested };
  for (const part of PARTS) {
    const inner = text[part];
    if (isObject(inner)) Object.assign(text, { ...inner, ...text });
  }
  for (const [field, others] of SPELLINGS) {
    const known = [field, ...others].map((name) => scalar(text[name])).find((value) => value !== null);
    if (known !== undefined) text[field] = known;
  }
  if (Array.isArray(text.moe_intermediate_size)) text.moe_intermediate_size = text.moe_intermediate_size[0];
  applyFamily(text, type);
  return text;
}

/** What is particular to one family. */
function applyFamily(text: Record<string, unknown>, type: string): void {
  const hidden = Number(text.hidden_size);
  if (FOUR_TIMES.test(type) && typeof text.intermediate_size !== 'number') {
    text.intermediate_size = Number(text.expansion_ratio ?? 4) * hidden;
  }
  // One head for all queries, unless the newer architecture groups them.
  const isNewFalcon = type === 'falcon' && text.new_decoder_architecture === true;
  const isMultiQuery = type === 'falcon' ? text.multi_query !== false : text.multi_query === true;
  if (/^(falcon|gpt_bigcode)$/.test(type) && !isNewFalcon) {
    text.num_key_value_heads = isMultiQuery ? 1 : text.num_attention_heads;
  }
  if (/^(falcon|bloom)$/.test(type)) text.max_position_embeddings ??= 2048;
  // Qwen 1 counts gate and up together.
  if (type === 'qwen') text.intermediate_size = Number(text.intermediate_size) / 2;
  // DBRX has no dense MLP: what it says is an expert's width.
  if (type === 'dbrx') text.moe_intermediate_size ??= text.intermediate_size;
  // Mistral's own params.json does not say it; vLLM then assumes this.
  if (text.dim === text.hidden_size && text.dim !== undefined) text.max_position_embeddings ??= 128_000;
  if (/^llama4/.test(type) && typeof text.intermediate_size_mlp === 'number') {
    text.moe_intermediate_size ??= text.intermediate_size;
    text.intermediate_size = text.intermediate_size_mlp;
  }
}

/** A tower's part of a config.json with what its config class says where the file is silent. */
export function towerSpelledOut(tower: ModelConfig): ModelConfig {
  const type = String(tower.model_type);
  return Object.hasOwn(TOWER_DEFAULTS, type) ? { ...TOWER_DEFAULTS[type], ...tower } : tower;
}

function withoutNulls(config: ModelConfig, defaults: ModelConfig): ModelConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => value !== null || !Object.hasOwn(defaults, name)),
  );
}

/** Some families say it layer by layer: the first stands for all. */
function scalar(value: unknown): number | null {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'number' ? one : null;
}
