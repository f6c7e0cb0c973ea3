import type { Cursor } from '../sim/recording/cursor.ts';
import { NUM_COUNTS, NUM_REQUESTS, type Palette } from './palette.ts';
import { t } from './text/text.ts';

export type ColorMode = 'request' | 'state' | 'references' | 'fill' | 'queue' | 'group';
export const COLOR_MODES: readonly ColorMode[] = ['request', 'state', 'references', 'fill', 'queue', 'group'];

export type BlockState = 'null' | 'free' | 'cached' | 'used' | 'shared';

export function blockState(cursor: Cursor, block: number): BlockState {
  if (block === cursor.nullBlock) return 'null';
  const references = cursor.refCount[block];
  if (references === 0) return cursor.chain[block] === 0 ? 'free' : 'cached';
  return references === 1 ? 'used' : 'shared';
}

const NO_FILLS: ReadonlyMap<number, number> = new Map();
const NUM_STATES = 4;
/** Of the scale of counts: the last ones are for what stands out, and most blocks are full. */
const FILL_SHADES = 5;
const STATES: readonly BlockState[] = ['null', 'free', 'cached', 'shared'];

/**
 * The colours of a mode: first those of null, free, cached and shared blocks, then those of blocks in use,
 * from which colorIndex() chooses. A table, because a map of a million blocks looks up a million colours.
 */
export function colorTable(palette: Palette, mode: ColorMode): string[] {
  const used = {
    request: palette.requests,
    state: [palette.css('block-used')],
    references: palette.counts,
    fill: palette.counts.slice(0, FILL_SHADES),
    queue: [palette.css('block-null'), ...palette.counts],
    group: palette.requests,
  }[mode];
  return [...STATES.map((state) => palette.css(`block-${state}`)), ...used];
}

/**
 * Places of blocks in the colorTable() of a mode: a pure function of the state at the cursor. look() takes what has
 * to be known of all blocks at once; then index() is a few comparisons.
 */
export class BlockColors {
  /** block → share of its tokens that are filled, for blocks that running requests are filling; if asked for. */
  fills: ReadonlyMap<number, number> = NO_FILLS;
  /** Blocks whose colour may have changed since the last look without a change of their state. */
  changed: readonly number[] = [];
  private mode: ColorMode = 'request';
  /** block → shade by its place in the free queue; mode `queue` only. */
  private shades = new Uint8Array(0);
  /** block → cache group, of blocks that requests hold; mode `group` only. */
  private groups = new Uint8Array(0);

  /** Whether any block may have changed. */
  get changesAll(): boolean {
    return this.mode === 'queue';
  }

  /** @param withFills they are looked at, whatever the mode. */
  look(cursor: Cursor, mode: ColorMode, withFills: boolean): void {
    const before = this.fills;
    this.mode = mode;
    this.fills = withFills || mode === 'fill' ? partialFills(cursor) : NO_FILLS;
    this.changed = mode === 'fill' ? [...before.keys(), ...this.fills.keys()] : [];
    if (mode === 'queue') this.rank(cursor);
    if (mode === 'group') this.findGroups(cursor);
  }

  index(cursor: Cursor, block: number): number {
    if (block === cursor.nullBlock) return 0;
    const references = cursor.refCount[block];
    if (this.mode === 'queue') return references > 0 ? NUM_STATES : NUM_STATES + 1 + this.shades[block];
    if (references === 0) return cursor.chain[block] === 0 ? 1 : 2;
    if (this.mode === 'references') return NUM_STATES + Math.min(NUM_COUNTS, references) - 1;
    if (this.mode === 'fill') return NUM_STATES + fillShade(this.fills.get(block) ?? 1);
    if (this.mode === 'group') return NUM_STATES + (this.groups[block] % NUM_REQUESTS);
    if (references > 1) return 3;
    return this.mode === 'state' ? NUM_STATES : NUM_STATES + (cursor.holderSum[block] % NUM_REQUESTS);
  }

  /** The darkest shade is next to be taken. */
  private rank(cursor: Cursor): void {
    if (this.shades.length !== cursor.numBlocks) this.shades = new Uint8Array(cursor.numBlocks);
    const perShade = Math.max(1, Math.ceil(cursor.numFree / NUM_COUNTS));
    let place = 0;
    for (const block of cursor.freeQueue()) {
      this.shades[block] = NUM_COUNTS - 1 - Math.min(NUM_COUNTS - 1, Math.floor(place++ / perShade));
    }
  }

  private findGroups(cursor: Cursor): void {
    if (this.groups.length !== cursor.numBlocks) this.groups = new Uint8Array(cursor.numBlocks);
    // V0's tables are those of a request's sequences.
    if (cursor.recording.header.pool.groups.length === 1) return;
    for (const request of cursor.running()) {
      for (let which = 0; which < cursor.numTables(request); which++) {
        for (const block of cursor.table(request, which)) this.groups[block] = which;
      }
    }
  }
}

function fillShade(share: number): number {
  return Math.min(FILL_SHADES - 1, Math.floor(share * FILL_SHADES));
}

/** What the colours of a mode mean. */
export function legendOf(
  mode: ColorMode,
  palette: Palette,
  groups: readonly { readonly kind: string }[],
): { color: string; label: string }[] {
  const { states, legend } = t();
  const free = (['free', 'cached', 'null'] as const).map((state) => ({
    color: palette.css(`block-${state}`),
    label: states[state],
  }));
  if (mode === 'references') {
    return [
      ...[1, 2, 3, 4, 8].map((n) => ({
        color: palette.count(n),
        label: n === 8 ? legend.orMore(n) : `${n}`,
      })),
      ...free,
    ];
  }
  if (mode === 'fill') {
    const [least, , half] = palette.counts;
    return [
      { color: least, label: legend.hardlyFilled },
      { color: half, label: legend.half },
      { color: palette.counts[FILL_SHADES - 1], label: legend.full },
      ...free,
    ];
  }
  if (mode === 'queue') {
    return [
      { color: palette.counts[NUM_COUNTS - 1], label: legend.nextTaken },
      { color: palette.counts[0], label: legend.takenLast },
      { color: palette.css('block-null'), label: states.used },
    ];
  }
  if (mode === 'group') {
    const colors = groups.map(({ kind }, group) => ({
      color: palette.request(group),
      label: legend.group(group, kind.replaceAll('_', ' ')),
    }));
    return [...colors, ...free];
  }
  const shared = { color: palette.css('block-shared'), label: states.shared };
  const used =
    mode === 'state'
      ? { color: palette.css('block-used'), label: states.used }
      : { color: palette.request(0), label: legend.usedByRequest };
  return [used, shared, ...free];
}

/** Tokens in every block that a running request is filling; blocks that are not listed are full or empty. */
function partialFills(cursor: Cursor): Map<number, number> {
  const fills = new Map<number, number>();
  for (const request of [...cursor.running(), ...cursor.swapped()]) {
    const tokens = cursor.numComputedTokens(request) + cursor.numScheduledTokens(request);
    for (let which = 0; which < cursor.numTables(request); which++) {
      const blockSize = cursor.blockSizeOfTable(which);
      const table = cursor.table(request, which);
      for (let i = Math.floor(tokens / blockSize); i < table.length; i++) {
        fills.set(table[i], Math.max(0, tokens - i * blockSize) / blockSize);
      }
    }
  }
  return fills;
}
