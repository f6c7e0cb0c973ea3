import type { Architecture } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import type { Parallel } from '../../../sim/memory/parallel.ts';
import { weightFormat } from '../../../sim/memory/weight-format.ts';
import { type MoeChoices, type MoeShape, moeShapeOf } from '../../../sim/moe/shape.ts';

export function architectureOf(name: string): Architecture {
  const architecture = parseModelConfig(findModel(name)!.config);
  if ('missing' in architecture) throw new Error(name);
  return architecture;
}

/** The experts of a model of the catalogue. */
export function shapeOf(
  name: string,
  parallel: Partial<Parallel> = {},
  choices: Partial<MoeChoices> = {},
): MoeShape {
  const architecture = architectureOf(name);
  const format = weightFormat(architecture.quantMethod, architecture.quantBits, 2)!;
  return moeShapeOf(architecture, { tensor: 1, pipeline: 1, data: 1, experts: false, ...parallel }, format, {
    engine: 'v1',
    allToAll: 'allgather',
    maxTokens: 8192,
    ...choices,
  })!;
}

/** A small model without a name. */
export function smallShape(part: Partial<MoeShape> = {}): MoeShape {
  const layers = part.layers ?? 3;
  return {
    ...shapeOf('Qwen/Qwen3-30B-A3B', { tensor: 4, experts: true }),
    layers,
    stageLayers: [layers],
    ...part,
  };
}
