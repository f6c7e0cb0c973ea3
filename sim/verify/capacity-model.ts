import type { Architecture } from '../catalog/architecture.ts';
import { formatInName, withoutFormat } from '../catalog/checkpoint-format.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { findModel } from '../catalog/models.ts';
import { parseModelConfig } from '../catalog/parse-model-config.ts';
import { kvElementBytes } from '../memory/kv-cache.ts';
import { DOUBLE_QUANTIZED_BYTES, type WeightFormat, weightFormat } from '../memory/weight-format.ts';
import { countParameters } from '../memory/weights.ts';
import type { CapacityRecord, RecordArchitecture } from './capacity-record.ts';

/** The model of a record: the catalogue's if it agrees with the record's own figures, otherwise those. */
export function recordModel(record: CapacityRecord): Architecture | null {
  const { arch } = record;
  const known = record.model === null ? null : findModel(withoutFormat(record.model));
  const fromCatalogue = known === null ? null : parseModelConfig(known.config);
  if (fromCatalogue !== null && !('missing' in fromCatalogue) && agrees(fromCatalogue, arch)) {
    return { ...fromCatalogue, isMultimodal: fromCatalogue.isMultimodal || arch?.multimodal === true };
  }
  return arch === null ? null : fromFigures(arch);
}

/** Versions before MLA was supported kept keys and values of all heads: the record then has no MLA. */
function agrees(model: Architecture, arch: RecordArchitecture | null): boolean {
  if (arch === null) return true;
  const { num_hidden_layers: layers, hidden, mla } = arch;
  return model.numLayers === layers && model.hiddenSize === hidden && (model.mla === null) === (mla === null);
}

/**
 * From the record's figures. Whether head and embedding are one is not among them, but follows from the number
 * of parameters; what is left of a difference is put down to the MLP.
 */
function fromFigures(arch: RecordArchitecture): Architecture | null {
  const candidates: Architecture[] = [];
  for (const tied of [false, true]) {
    const parsed = parseModelConfig(configOf(arch, tied));
    if (!('missing' in parsed)) candidates.push(parsed);
  }
  if (candidates.length === 0) return null;
  const distance = (model: Architecture) =>
    arch.params_b === null ? 0 : Math.abs(totalOf(model) - arch.params_b * 1e9);
  const best = candidates.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return { ...best, isMultimodal: arch.multimodal === true };
}

function totalOf(model: Architecture): number {
  return Object.values(countParameters(model)).reduce((sum, part) => sum + part, 0);
}

function configOf(arch: RecordArchitecture, tied: boolean): ModelConfig {
  const config: Record<string, unknown> = {
    num_hidden_layers: arch.num_hidden_layers,
    hidden_size: arch.hidden,
    intermediate_size: arch.intermediate,
    num_attention_heads: arch.q_heads,
    num_key_value_heads: arch.num_key_value_heads ?? arch.q_heads,
    vocab_size: arch.vocab,
    // The record does not say it; the rope's table is below 0.5 % of a model.
    max_position_embeddings: 32_768,
    tie_word_embeddings: tied,
  };
  if (arch.head_dim !== null) config.head_dim = arch.head_dim;
  if (arch.experts !== null) {
    config.num_experts = arch.experts;
    config.num_experts_per_tok = arch.topk;
    config.moe_intermediate_size = arch.intermediate;
  }
  if (arch.mla !== null) {
    config.kv_lora_rank = arch.mla[0];
    config.qk_rope_head_dim = arch.mla[1];
    if (arch.indexer_bytes !== null) config.index_head_dim = arch.indexer_bytes - 4;
  }
  const { swa, num_hidden_layers: numLayers } = arch;
  if (swa !== null && numLayers !== null) {
    config.sliding_window = swa.w;
    config.layer_types = Array.from({ length: numLayers }, (_, layer) =>
      layer < swa.n ? 'sliding_attention' : 'full_attention',
    );
  }
  return config;
}

/** The weights' format by the record's quantization and the checkpoint's name; null = not modelled. */
export function recordFormat(record: CapacityRecord, model: Architecture): WeightFormat | null {
  const name = record.model ?? '';
  const named = formatInName(name);
  const method = record.quantization ?? named?.method ?? model.quantMethod;
  const bits = method === model.quantMethod ? model.quantBits : null;
  const format = weightFormat(
    method,
    bits ?? named?.bits ?? null,
    dtypeBytesOf(record),
    model.quantizesExpertsOnly,
  );
  // Checkpoints in NF4 have quantized scales; those made while loading do not.
  if (format?.method === 'bitsandbytes' && /bnb-4bit/i.test(name))
    return { ...format, bytes: DOUBLE_QUANTIZED_BYTES };
  return format;
}

function dtypeBytesOf({ dtype }: CapacityRecord): number {
  return /^(torch\.)?float(32)?$/.test(dtype ?? '') ? 4 : 2;
}

/** Of an element of the KV cache; null = a --kv-cache-dtype that has no formula here. */
export function recordKvBytes(record: CapacityRecord): number | null {
  return kvElementBytes((record.kv_cache_dtype ?? 'auto').replace('torch.', ''), dtypeBytesOf(record));
}
