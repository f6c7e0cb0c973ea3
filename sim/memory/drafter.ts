import type { Architecture } from '../catalog/architecture.ts';
import { findModel } from '../catalog/models.ts';
import { parseModelConfig } from '../catalog/parse-model-config.ts';
import { partOf } from '../catalog/part-of.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Drafting, draftingOf } from './drafting.ts';
import type { Parallel } from './parallel.ts';
import { type WeightFormat, weightFormat } from './weight-format.ts';
import { rankWeights } from './weights.ts';

/** Methods that look drafts up in the text. */
const LOOKS_UP = new Set(['ngram', 'ngram_gpu', 'suffix']);

/** Who drafts on the GPUs of the last stage. */
export interface Drafter {
  /** Its layers; null = a model that the catalogue does not know. */
  readonly model: Architecture | null;
  readonly format: WeightFormat;
  /** Hidden states that its projection takes in; 0 = a whole model, with embedding and head of its own. */
  readonly statesIn: number;
}

/** null: nobody drafts, or it takes nothing on the GPU. */
export function drafterOf(scenario: Scenario, target: Architecture, format: WeightFormat): Drafter | null {
  const drafting = draftingOf(scenario);
  return drafting === null ? null : drafterFor(drafting, target, format);
}

/** A head that reads hidden states has one layer like the model's last: MTP's has, EAGLE's is taken to, without experts. */
function drafterFor(drafting: Drafting, target: Architecture, format: WeightFormat): Drafter | null {
  const { method, readsHiddenStates, model: name } = drafting;
  if (LOOKS_UP.has(method)) return null;
  if (readsHiddenStates) {
    const last = lastLayer(target);
    const model = method === 'mtp' ? last : dense(last);
    return { model, format, statesIn: method === 'eagle3' ? 3 : 2 };
  }
  const known = findModel(name);
  const model = known && parseModelConfig(known.config);
  if (model === null || 'missing' in model || model.unsupported !== null) {
    return { model: null, format, statesIn: 0 };
  }
  const own = weightFormat(model.quantMethod, model.quantBits, format.dtypeBytes, model.quantizesExpertsOnly);
  return { model: own === null ? null : model, format: own ?? format, statesIn: 0 };
}

/** One layer that sees everything. */
function lastLayer(target: Architecture): Architecture {
  const { numLayers } = target;
  return { ...partOf(target, { first: numLayers - 1, end: numLayers }), localAttention: null };
}

/** Without experts: an MLP as wide as those that a token visits. */
function dense(layer: Architecture): Architecture {
  const { moe, intermediateSize } = layer;
  if (moe === null) return layer;
  return { ...layer, moe: null, intermediateSize: intermediateSize || moe.topK * moe.expertSize };
}

/** Its weights on one rank of the last stage, bytes each: the head of one that reads hidden states is the model's. */
export function drafterTensors({ model, format, statesIn }: Drafter, parallel: Parallel): number[] {
  if (model === null) return [];
  const alone = { ...parallel, pipeline: 1 };
  const place = { tensorRank: 0, stage: 0, replica: 0 };
  const { embedding, attention, mlp, experts } = rankWeights(model, alone, place, format);
  const projection = statesIn * model.hiddenSize * model.hiddenSize * format.dtypeBytes;
  return [statesIn === 0 ? embedding : projection, attention, mlp, (experts * 2) / 3, experts / 3]
    .map(Math.round)
    .filter((bytes) => bytes > 0);
}
