import type { Architecture } from '../catalog/architecture.ts';
import { layerKvBytes } from '../memory/kv-cache.ts';
import {
  blocksPerRequest,
  type KvLayout,
  kvLayout,
  smallestBlockSize,
  stageBlockBytes,
} from '../memory/kv-layout.ts';
import type { StartupRules } from '../memory/rules.ts';
import { capacityOf } from '../memory/startup.ts';
import { GIB } from '../units.ts';
import { recordLimits } from './capacity-limits.ts';
import { recordKvBytes, recordModel } from './capacity-model.ts';
import type { CapacityRecord } from './capacity-record.ts';
import { recordRules } from './capacity-release.ts';

/** How one figure of a log compares with what follows from its other figures. */
export interface FigureCheck {
  readonly figure: 'gpu blocks' | 'tokens' | 'cpu blocks' | 'concurrency';
  readonly logged: number;
  /** The least and the most that the log's own rounding allows. */
  readonly least: number;
  readonly most: number;
  /**
   * unequal ranks: fewer than this rank's memory has room for; under TP another one may decide.
   * another swap space: the log does not state it, and other whole GiB than the record assumes explain the figure.
   */
  readonly verdict: 'inside' | 'unequal ranks' | 'another swap space' | 'outside';
}

/** Half a unit of the last digit that vLLM prints, GiB and concurrency. */
const ROUNDING = 0.005;
const EPSILON = 1e-6;
/** The first rank may log this much more than the smallest has. */
const UNEQUAL_RANKS = 0.03;

export interface RecordLayout {
  readonly rules: StartupRules;
  readonly layout: KvLayout;
  readonly blockBytes: number;
  readonly perRequest: number | null;
}

/** Whether the catalogue says which layers of a model of mixed attention see what. */
export function knowsLayers(model: Architecture): boolean {
  return model.unsupported === null && model.localAttention !== null;
}

/** The KV cache of a record, from its architecture and parallelism; null = one of them is not known. */
export function recordLayout(record: CapacityRecord): RecordLayout | null {
  const model = recordModel(record);
  if (model === null || (record.hybrid && !knowsLayers(model))) return null;
  const rules = recordRules(record);
  const elementBytes = recordKvBytes(record);
  if (elementBytes === null) return null;
  const pipeline = record.pipeline_parallel_size ?? 1;
  const layout = kvLayout(
    // Records of mixed attention that count as uniform ran with one group.
    !record.hybrid && model.localAttention?.isLocal.includes(false) ? null : model.localAttention,
    record.block_size ?? 16,
    layerKvBytes(model, record.tensor_parallel_size ?? 1, elementBytes, rules.mlaAlignment),
    rules.engine === 'v1',
    { contextRanks: record.decode_context_parallel ?? 1 },
  );
  return {
    rules,
    layout,
    blockBytes: Math.max(
      ...Array.from({ length: pipeline }, (_, stage) => stageBlockBytes(layout, pipeline, stage)),
    ),
    perRequest:
      record.max_model_len === null
        ? null
        : blocksPerRequest(
            layout,
            record.max_model_len,
            recordLimits(record, rules, model).maxNumBatchedTokens,
          ),
  };
}

/** Compares what the log prints of blocks with what follows from its bytes. */
export function checkBlocks(record: CapacityRecord, known: RecordLayout): FigureCheck[] {
  const { observed, max_model_len: length } = record;
  const { rules, layout, blockBytes, perRequest } = known;
  const checks: FigureCheck[] = [];
  const several = (record.tensor_parallel_size ?? 1) * (record.pipeline_parallel_size ?? 1) > 1;
  const add = (figure: FigureCheck['figure'], logged: number, least: number, most: number) => {
    const inside = logged >= least - EPSILON && logged <= most + EPSILON;
    const other = several && logged < least && logged >= least * (1 - UNEQUAL_RANKS);
    checks.push({
      figure,
      logged,
      least,
      most,
      verdict: inside ? 'inside' : other ? 'unequal ranks' : 'outside',
    });
  };
  const blocksIn = (gib: number) => Math.max(0, Math.floor((gib * GIB) / blockBytes));
  const all =
    observed.kv_cache_gib_all ?? (observed.kv_cache_gib === undefined ? [] : [observed.kv_cache_gib]);
  const least = blocksIn(Math.min(...all) - ROUNDING);
  const most = blocksIn(Math.max(...all) + ROUNDING);
  const tokens = (blocks: number) =>
    capacityOf(layout, rules, blocks, length ?? 1, perRequest ?? 1).kvCacheTokens;
  if (all.length > 0 && observed.num_gpu_blocks !== undefined) {
    add('gpu blocks', observed.num_gpu_blocks, least, most);
  }
  if (all.length > 0 && observed.kv_cache_tokens !== undefined && observed.num_gpu_blocks === undefined) {
    add('tokens', observed.kv_cache_tokens, tokens(least), tokens(most));
  }
  if (observed.num_cpu_blocks !== undefined && record.swap_space_gib !== null) {
    checks.push(checkSwap(record, observed.num_cpu_blocks, record.swap_space_gib, blockBytes));
  }
  if (observed.max_concurrency !== undefined && length !== null && perRequest !== null) {
    const range = concurrencyRange(record, known, length, perRequest);
    if (range !== null) add('concurrency', observed.max_concurrency, ...range);
  }
  return checks;
}

/** CPU blocks follow from swap space to the last one. */
function checkSwap(
  { stated }: CapacityRecord,
  logged: number,
  swapGib: number,
  blockBytes: number,
): FigureCheck {
  const blocksIn = (gib: number) => Math.floor((gib * GIB) / blockBytes);
  const blocks = blocksIn(swapGib);
  const nearest = Math.round((logged * blockBytes) / GIB);
  const isOther = !stated.includes('swap_space_gib') && blocksIn(nearest) === logged;
  const verdict = logged === blocks ? 'inside' : isOther ? 'another swap space' : 'outside';
  return { figure: 'cpu blocks', logged, least: blocks, most: blocks, verdict };
}

/** From the blocks that the log prints, or from its tokens, which several ranks may print differently. */
function concurrencyRange(
  { observed }: CapacityRecord,
  { rules, layout }: RecordLayout,
  length: number,
  perRequest: number,
): [least: number, most: number] | null {
  const tokens = observed.kv_cache_tokens_all ?? (observed.kv_cache_tokens ? [observed.kv_cache_tokens] : []);
  const ofBlocks = (blocks: number) => capacityOf(layout, rules, blocks, length, perRequest).maxConcurrency;
  const fromTokens = (value: number): number[] => {
    if (rules.tokensFromConcurrency) return [value / length];
    // Tokens are whole blocks of every group: what is left of a division by their number was not printed.
    const numGroups = layout.groups.length;
    const blocks = (value / smallestBlockSize(layout)) * numGroups;
    return [ofBlocks(blocks), ofBlocks(blocks + numGroups - 1)];
  };
  const values =
    observed.num_gpu_blocks !== undefined ? [ofBlocks(observed.num_gpu_blocks)] : tokens.flatMap(fromTokens);
  return values.length === 0 ? null : [Math.min(...values) - ROUNDING, Math.max(...values) + ROUNDING];
}
