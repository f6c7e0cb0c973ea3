import type { ModelConfig } from '../catalog/model-config.ts';
import { InputError } from '../error.ts';
import { isObject } from '../plain-values.ts';
import type { VllmVersion } from './flags.ts';
import type { Report } from './located-yaml.ts';
import { type ReadFile, readBeside } from './named-file.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';

/** vLLM's own default of --model. */
const DEFAULT_MODELS: Readonly<Record<VllmVersion, string>> = {
  '0.6.3': 'facebook/opt-125m',
  '2026-05': 'Qwen/Qwen3-0.6B',
};

/** The model that a scenario names, with its own config.json if it gives one; problems are reported. */
export function modelOf(
  { model, engine }: ScenarioFile,
  inCommand: string | null,
  vllm: VllmVersion,
  readFile: ReadFile | undefined,
  report: Report,
): Scenario['model'] {
  const name = (typeof model === 'string' ? model : null) ?? inCommand ?? DEFAULT_MODELS[vllm];
  if (typeof model === 'object') {
    const config = readBeside(model.config, readFile, ['model', 'config'], report, parseConfig);
    return { name, config, field: 'model.config' };
  }
  return { name, config: null, field: model ? 'model' : engine ? 'engine.model' : 'command' };
}

/** @throws InputError where the text is no JSON object. */
export function parseConfig(text: string, file: string): ModelConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new InputError([{ file, message: `is no JSON: ${(error as Error).message}` }]);
  }
  if (isObject(config)) return config;
  throw new InputError([{ file, message: 'holds no JSON object' }]);
}
