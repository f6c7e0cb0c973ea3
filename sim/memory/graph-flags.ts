import { isObject } from '../plain-values.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { Arguments } from './check.ts';
import { draftingOf } from './drafting.ts';
import { flagsOf, numberOf } from './flags.ts';
import {
  GRAPH_MODES,
  type GraphCapture,
  type GraphModeName,
  NO_GRAPHS,
  v0Graphs,
  v1Graphs,
} from './graph-capture.ts';
import type { GraphSizeLimits } from './graph-sizes.ts';

/** Keys of --compilation-config that are read here. */
export const READ_KEYS: readonly string[] = [
  'mode',
  'cudagraph_mode',
  'cudagraph_capture_sizes',
  'max_cudagraph_capture_size',
  'cudagraph_specialize_lora',
];

/** What decides which attention kernels there are. */
type Kernels = Pick<Arguments, 'architecture' | 'gpu'>;

/** The graphs that a scenario's engine captures. */
export function graphsOf(scenario: Scenario, hardware: Kernels, limits: BatchLimits): GraphCapture {
  if (scenario.vllm === '0.6.3') {
    return flagsOf(scenario)('enforce_eager') === true ? NO_GRAPHS : v0Graphs(limits);
  }
  return v1Graphs(modeOf(scenario, hardware), copiesOf(scenario), sizeLimits(scenario, limits));
}

/** --compilation-config; empty where it is not stated. */
export function compilationOf(scenario: Scenario): Readonly<Record<string, unknown>> {
  const config = flagsOf(scenario)('compilation_config');
  return isObject(config) ? config : {};
}

/** Mode of compilation in which the model is cut at its attention. */
const COMPILED = ['3', 'VLLM_COMPILE'];

/** What V1 captures: as stated, as its level of optimization has it, and as far as its kernels can. */
export function modeOf(scenario: Scenario, { architecture, gpu }: Kernels): GraphModeName {
  const flag = flagsOf(scenario);
  if (flag('enforce_eager') === true) return 'NONE';
  const level = numberOf(flag('optimization_level'), 2);
  const compilation = compilationOf(scenario);
  const isCompiled = COMPILED.includes(String(compilation.mode ?? (level > 0 ? 3 : 0)).toUpperCase());
  const mode =
    statedMode(compilation) ?? (level === 0 ? 'NONE' : level === 1 ? 'PIECEWISE' : 'FULL_AND_PIECEWISE');
  if (!isCompiled && mode.endsWith('PIECEWISE')) return 'NONE';
  // Of any batch, only FlashAttention 3 can be captured whole; that is Hopper's.
  const canBeFull = Math.floor(gpu.computeCapability) === 9 && architecture.mla === null;
  if (mode === 'FULL' && !canBeFull) return isCompiled ? 'FULL_AND_PIECEWISE' : 'FULL_DECODE_ONLY';
  return mode;
}

function statedMode({
  cudagraph_mode: stated,
}: Readonly<Record<string, unknown>>): GraphModeName | undefined {
  return GRAPH_MODES.find((mode) => mode === String(stated).toUpperCase());
}

/** Without adapters, and with; or for numbers of them (vLLM `get_captured_lora_counts`). */
function copiesOf(scenario: Scenario): number {
  const flag = flagsOf(scenario);
  if (flag('enable_lora') !== true || compilationOf(scenario).cudagraph_specialize_lora === false) return 1;
  if (flag('specialize_active_lora') !== true) return 2;
  const most = numberOf(flag('max_loras'), 1) + 1;
  let powers = 0;
  for (let count = 1; count < most; count *= 2) powers++;
  return 1 + powers + 1;
}

/** What the sizes depend on. */
export function sizeLimits(
  scenario: Scenario,
  { maxNumSeqs, maxNumBatchedTokens }: BatchLimits,
): GraphSizeLimits {
  const flag = flagsOf(scenario);
  const compilation = compilationOf(scenario);
  const largest = flag('max_cudagraph_capture_size') ?? compilation.max_cudagraph_capture_size;
  return {
    maxNumSeqs,
    maxNumBatchedTokens,
    decodeTokens: 1 + (draftingOf(scenario)?.numTokens ?? 0),
    stated: sizesIn(flag('cudagraph_capture_sizes')) ?? sizesIn(compilation.cudagraph_capture_sizes),
    statedLargest: typeof largest === 'number' ? largest : null,
    isFine: flag('performance_mode') === 'interactivity',
  };
}

function sizesIn(value: unknown): readonly number[] | null {
  return Array.isArray(value) ? value.filter((size): size is number => typeof size === 'number') : null;
}
