import { formatInName, withoutFormat } from './checkpoint-format.ts';
import models from './data/models.json' with { type: 'json' };
import type { ModelConfig } from './model-config.ts';
import { nearest } from './nearest.ts';

/** A model of the catalogue. `config` holds Hugging Face's names; `verified`: read from the config.json itself. */
export interface Model {
  readonly name: string;
  readonly source: string;
  readonly verified: boolean;
  readonly config: ModelConfig;
  /** Parameters of the text model, computed apart from Poolscope's own formula. */
  readonly paramsTotal: number;
}

export const MODELS: readonly Model[] = models as unknown as readonly Model[];

/** Parts of model names that do not change the architecture. */
const DECORATIONS = /-(hf|instruct|chat|it|base|\d{4}|meta|bf16|fp16)(?=-|$)/g;
/** A version of the weights, which some families change the architecture with (Mistral 7B). */
const VERSION = /-v\d+(\.\d+)?(?=-|$)/g;

const byKey = new Map<string, Model>();
for (const model of MODELS) {
  const key = keyOf(model.name);
  const bare = key.replace(VERSION, '');
  byKey.set(key, model);
  if (!byKey.has(bare)) byKey.set(bare, model);
}

/**
 * The model that people mean by a Hugging Face id or a local path: its last segment decides, and what does
 * not change the architecture (-Instruct, -hf, …) is passed over.
 */
export function findModel(name: string): Model | null {
  const key = keyOf(name);
  const exact = byKey.get(key);
  if (exact !== undefined) return exact;
  const unversioned = byKey.get(key.replace(VERSION, ''));
  // Another version than the catalogue's may be another architecture.
  return unversioned !== undefined && keyOf(unversioned.name).match(VERSION) === null ? unversioned : null;
}

/**
 * The model that a quantized checkpoint was made of, and how its name says that its weights are stored:
 * Qwen/Qwen3-32B-AWQ. Null if the catalogue has the name itself, or knows no such model.
 */
export function quantizedModel(
  name: string,
): { readonly model: Model; readonly method: string; readonly bits: number | null } | null {
  const format = formatInName(lastSegment(name));
  if (format === null || findModel(name) !== null) return null;
  const model = findModel(withoutFormat(lastSegment(name)));
  return model && { model, ...format };
}

/** The name that is nearest to one that findModel does not know: the catalogue's, or that with -Instruct. */
export function suggestModel(name: string): string | null {
  return nearest(
    lastSegment(name),
    MODELS.flatMap((model) => [model.name, `${model.name}-Instruct`]),
  );
}

function keyOf(name: string): string {
  const bare = lastSegment(name)
    .toLowerCase()
    .replace(/^meta-/, '')
    .replaceAll('_', '-');
  return bare
    .replace(DECORATIONS, '')
    .replace(/^llama2-/, 'llama-2-')
    .replace(/^llama3/, 'llama-3');
}

function lastSegment(name: string): string {
  return name.split('/').findLast((segment) => segment !== '') ?? '';
}
