import type { Architecture } from '../catalog/architecture.ts';
import { findGpu, type Gpu, suggestGpu, unknownGpu } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { findModel, quantizedModel, suggestModel } from '../catalog/models.ts';
import { parseModelConfig } from '../catalog/parse-model-config.ts';
import { problemAt } from '../error.ts';
import { calibrated } from '../scenario/calibration.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { redundantExperts } from './eplb-checks.ts';
import { asFlagged, overridden } from './flagged-model.ts';
import { flagsOf, numberOf } from './flags.ts';
import { kvElementBytes, layerKvBytes } from './kv-cache.ts';
import { pagesUnify } from './kv-layout.ts';
import type { Parallel } from './parallel.ts';
import { formatName, WEIGHT_FORMATS, type WeightFormat, weightFormat } from './weight-format.ts';

/** What a plan and a step-time model are made of: the parts of the catalogue that a scenario names. */
export interface ResolvedHardware {
  readonly architecture: Architecture;
  readonly gpu: Gpu;
  /** Timing of a link that the user describes; null = that of the GPU's kind of link. */
  readonly link: LinkTiming | null;
  readonly parallel: Parallel;
  readonly weightFormat: WeightFormat;
  readonly kvElementBytes: number;
}

/**
 * Looks up the model and the GPU of a scenario.
 * @throws InputError for a name that the catalogue does not know, and for what Poolscope has no formulas for.
 */
export function resolveHardware(scenario: Scenario): ResolvedHardware {
  const { gpu, link } = machineOf(scenario);
  const architecture = architectureOf(scenario);
  const { quantMethod, quantBits } = architecture;
  const flag = flagsOf(scenario);
  const method = (flag('quantization') as string | null) ?? quantMethod;
  const dtypeBytes = /^float(32)?$/.test(String(flag('dtype'))) ? 4 : 2;
  const isSame = method !== null && quantMethod !== null && formatName(method) === formatName(quantMethod);
  const bits = isSame ? quantBits : null;
  const format = weightFormat(method, bits, dtypeBytes, architecture.quantizesExpertsOnly);
  if (format === null) {
    throw problemAt(
      scenario,
      'model',
      `weights quantized by ${method} are not modelled; known: ${WEIGHT_FORMATS.join(', ')}`,
    );
  }
  const tensor = numberOf(flag('tensor_parallel_size'), 1);
  const kvDtype = String(flag('kv_cache_dtype') ?? 'auto');
  const elementBytes = kvElementBytes(kvDtype, dtypeBytes);
  if (elementBytes === null) {
    throw problemAt(scenario, 'engine.kv-cache-dtype', `not modelled: --kv-cache-dtype ${kvDtype}`);
  }
  if (!pagesUnify(layerKvBytes(architecture, Math.max(1, tensor), dtypeBytes))) {
    throw problemAt(scenario, 'model', 'not modelled: layers whose KV pages are no multiples of each other');
  }
  return {
    architecture,
    gpu,
    link,
    parallel: {
      tensor,
      pipeline: numberOf(flag('pipeline_parallel_size'), 1),
      data: numberOf(flag('data_parallel_size'), 1),
      experts: flag('enable_expert_parallel') === true,
      redundantExperts: redundantExperts(flag('eplb_config')),
      copiesEncoder: flag('mm_encoder_tp_mode') === 'data',
      contextRanks: numberOf(flag('decode_context_parallel_size'), 1),
    },
    weightFormat: format,
    kvElementBytes: elementBytes,
  };
}

/** The GPU, the catalogue's or the user's, and what joins it with others. */
function machineOf(scenario: Scenario): Pick<ResolvedHardware, 'gpu' | 'link'> {
  const { gpu: name, given, calibration, link } = scenario.hardware;
  const known = given ?? findGpu(name);
  if (known === null) {
    throw problemAt(scenario, 'hardware.gpu', unknownGpu(name), suggestGpu(name));
  }
  const gpu = calibration === null ? known : calibrated(known, calibration);
  if (typeof link === 'string') return { gpu: { ...gpu, link }, link: null };
  return { gpu, link: calibration?.link ?? link };
}

/** GPUs that the parallel sizes of a scenario ask for. */
export function gpusNeeded(scenario: Scenario): number {
  const flag = flagsOf(scenario);
  const sizes = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'];
  return sizes.reduce((product, name) => product * Math.max(1, numberOf(flag(name), 1)), 1);
}

/**
 * The config.json of a scenario's model, its own or the catalogue's.
 * @throws InputError if there is neither.
 */
export function modelConfigOf(scenario: Scenario): ModelConfig {
  const { model, startedBy } = scenario;
  const config = model.config ?? findModel(model.name)?.config ?? quantizedConfig(scenario);
  if (config === undefined) {
    throw problemAt(
      model.field === 'command' && startedBy !== null
        ? { file: startedBy.file, placeOf: () => startedBy.place }
        : scenario,
      model.field,
      `"${model.name}" is not in the catalogue of models; give its config.json with --config PATH, or as model: {config: PATH}`,
      suggestModel(model.name),
    );
  }
  return config;
}

/** The catalogue's config.json with the weights that the checkpoint's name tells, unless --quantization names them. */
function quantizedConfig(scenario: Scenario): ModelConfig | undefined {
  const known = quantizedModel(scenario.model.name);
  if (known === null) return undefined;
  const quant_method = flagsOf(scenario)('quantization') ?? known.method;
  const { bits } = known;
  return { ...known.model.config, quantization_config: { quant_method, ...(bits !== null && { bits }) } };
}

/** What is taken for the config.json of a quantized checkpoint; null = nothing had to be. */
export function checkpointNote({ model }: Scenario): string | null {
  const known = model.config === null ? quantizedModel(model.name) : null;
  if (known === null) return null;
  const bits = known.bits === null ? '' : `, ${known.bits} bits`;
  return `taken for ${known.model.name} with weights in ${known.method}${bits}, as its name says: give its config.json to be sure`;
}

function architectureOf(scenario: Scenario): Architecture {
  const architecture = parseModelConfig(overridden(modelConfigOf(scenario), scenario));
  if (architecture.unsupported !== null) {
    throw problemAt(scenario, 'model', `not modelled: ${architecture.unsupported}`);
  }
  if ('missing' in architecture) {
    throw problemAt(
      scenario,
      'model.config',
      `the config.json lacks a usable ${architecture.missing.join(', ')}`,
    );
  }
  return asFlagged(architecture, scenario);
}
