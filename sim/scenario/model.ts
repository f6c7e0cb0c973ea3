import type { Report } from './located-yaml.ts';
import { resolvePath } from './paths.ts';
import type { ModelConfig, Scenario, VllmVersion } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';

/** vLLM's own default of --model. */
const DEFAULT_MODELS: Readonly<Record<VllmVersion, string>> = {
  '0.6.3': 'facebook/opt-125m',
  '2026-05': 'Qwen/Qwen3-0.6B',
};

export function modelOf(
  checked: ScenarioFile,
  inCommand: string | null,
  vllm: VllmVersion,
  readFile: ((path: string) => string) | undefined,
  report: Report,
): Scenario['model'] {
  const name =
    (typeof checked.model === 'string' ? checked.model : null) ?? inCommand ?? DEFAULT_MODELS[vllm];
  if (typeof checked.model !== 'object') return { name, config: null };
  const path = resolvePath(checked.model.config);
  if (path === null) {
    report(['model', 'config'], "expected a path inside the scenario's folder");
    return { name, config: null };
  }
  if (!readFile) {
    report(['model', 'config'], 'files cannot be read here');
    return { name, config: null };
  }
  try {
    const config: unknown = JSON.parse(readFile(path));
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
      return { name, config: config as ModelConfig };
    }
    report(['model', 'config'], `${path} holds no JSON object`);
  } catch (error) {
    report(
      ['model', 'config'],
      `${path} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
  }
  return { name, config: null };
}
