import type { LocalAttention } from '../catalog/architecture.ts';
import type { KvCacheGroup } from '../scheduler/config.ts';
import { stageLayers } from './parallel.ts';

/** How the layers share the pool: a block id stands for one page in each tensor of its group. */
export interface KvLayout {
  readonly groups: readonly KvCacheGroup[];
  /** Layers of each group, by index. */
  readonly layers: readonly (readonly number[])[];
  /** Of every layer, per token of the request, on one rank. */
  readonly layerBytes: readonly number[];
  /** Of layerBytes, those of who drafts: the last ones. */
  readonly numDraftLayers: number;
  /** Bytes of one layer's part of a block, where there are several groups: the same in all of them. */
  readonly pageBytes: number;
}

/** Groups of equal layers take up to this much more than the rarer kind, instead of many small groups. */
const NEARLY_EQUAL = 1.5;

/**
 * The KV cache groups of a model (vLLM `_get_kv_cache_groups_uniform_page_size`): layers of a kind are dealt out
 * to groups of equal size, that of the rarer kind; the last group of a kind may be short, and is padded. Kinds
 * with fewer bytes per token get larger blocks, so that all pages have one size. The kind of the first layer comes
 * first: blocks are taken and freed in this order.
 * @param pageTokens of a block on one rank.
 * @param tokenBytes of every layer, per token that the rank keeps.
 * @param separate false: V0 and --disable-hybrid-kv-cache-manager keep everything for every layer.
 * @param contextRanks share out the tokens: a block holds as many of each.
 * @param draftBytes of every layer of who drafts: they see everything, and are the last stage's.
 */
export function kvLayout(
  local: LocalAttention | null,
  pageTokens: number,
  tokenBytes: readonly number[],
  separate: boolean,
  { contextRanks = 1, draftBytes = [] }: { contextRanks?: number; draftBytes?: readonly number[] } = {},
): KvLayout {
  const blockSize = pageTokens * contextRanks;
  const layerBytes = [...tokenBytes, ...draftBytes].map((bytes) => bytes / contextRanks);
  const all = layerBytes.map((_, layer) => layer);
  const pageBytes = Math.max(...layerBytes) * blockSize;
  const isLimited = (layer: number) => separate && local?.isLocal[layer] === true;
  const rest = { layerBytes, pageBytes, numDraftLayers: draftBytes.length };
  if (local === null || !all.some(isLimited)) {
    return { groups: [{ kind: 'full', blockSize, window: 0 }], layers: [all], ...rest };
  }
  const groupOf = (layer: number): KvCacheGroup => ({
    kind: isLimited(layer) ? local.kind : 'full',
    blockSize: Math.floor(pageBytes / layerBytes[layer]),
    window: isLimited(layer) ? local.window : 0,
  });
  const alike = new Map<string, number[]>();
  for (const layer of all) {
    const key = `${isLimited(layer)}/${layerBytes[layer]}`;
    alike.set(key, [...(alike.get(key) ?? []), layer]);
  }
  const kinds = [...alike.values()].map((layers) => [groupOf(layers[0]), layers] as const);
  const counts = kinds.map(([, layers]) => layers.length);
  const least = Math.min(...counts);
  const most = Math.max(...counts);
  const size = most < least * NEARLY_EQUAL ? most : least;
  const groups: KvCacheGroup[] = [];
  const layers: number[][] = [];
  for (const [group, members] of kinds) {
    const numGroups = Math.ceil(members.length / size);
    for (let i = 0; i < numGroups; i++) {
      groups.push(group);
      layers.push(members.filter((_, position) => position % numGroups === i));
    }
  }
  return { groups, layers, ...rest };
}

/** Tokens of the smallest block, of which the others are multiples: `--block-size`, as far as pages allow. */
export function smallestBlockSize({ groups }: KvLayout): number {
  return Math.min(...groups.map(({ blockSize }) => blockSize));
}

/** Whether larger blocks can make all pages equal: the largest must be a multiple of the others. */
export function pagesUnify(layerBytes: readonly number[]): boolean {
  const most = Math.max(...layerBytes);
  return layerBytes.every((bytes) => most % bytes === 0);
}

/** The layers [first, end) of one stage. */
export function cachedLayers({ layerBytes, numDraftLayers }: KvLayout, pipeline: number, stage: number) {
  const { first, end } = stageLayers(layerBytes.length - numDraftLayers, pipeline)[stage];
  return { first, end: stage === pipeline - 1 ? layerBytes.length : end };
}

/** Bytes of a block on one pipeline stage: a page in as many tensors as its largest group has layers there. */
export function stageBlockBytes(layout: KvLayout, pipeline: number, stage: number): number {
  const { first, end } = cachedLayers(layout, pipeline, stage);
  if (layout.groups.length === 1) {
    const bytes = layout.layerBytes.slice(first, end).reduce((sum, layer) => sum + layer, 0);
    return bytes * layout.groups[0].blockSize;
  }
  const sizes = layout.layers.map((layers) => layers.filter((layer) => layer >= first && layer < end).length);
  return layout.pageBytes * Math.max(...sizes);
}

/**
 * Blocks that one request of `length` tokens may hold, over all groups. A window keeps what it sees and what
 * one step adds, and one block more because it need not begin at a block's start.
 */
export function blocksPerRequest(layout: KvLayout, length: number, maxNumBatchedTokens: number): number {
  let blocks = 0;
  for (const { kind, blockSize, window } of layout.groups) {
    if (kind === 'full') blocks += Math.ceil(length / blockSize);
    else if (kind === 'chunked_local') {
      blocks += Math.ceil(Math.min(window + maxNumBatchedTokens, length) / blockSize);
    } else {
      blocks += Math.ceil(Math.min(window - 1 + maxNumBatchedTokens, length) / blockSize) + 1;
    }
  }
  return blocks;
}

/** The longest request that fits into so many blocks, tokens; 0 = none does. */
export function longestRequest(
  layout: KvLayout,
  numBlocks: number,
  atMost: number,
  maxNumBatchedTokens: number,
): number {
  let fits = 0;
  let tooLong = atMost + 1;
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (blocksPerRequest(layout, middle, maxNumBatchedTokens) <= numBlocks) fits = middle;
    else tooLong = middle;
  }
  return fits;
}
