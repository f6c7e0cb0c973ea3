import type { Cursor } from '../sim/recording/cursor.ts';
import { NUM_COUNTS, NUM_REQUESTS, type Palette } from './palette.ts';

export type ColorMode = 'request' | 'state' | 'references';
export const COLOR_MODES: readonly { mode: ColorMode; label: string }[] = [
  { mode: 'request', label: 'Request' },
  { mode: 'state', label: 'State' },
  { mode: 'references', label: 'References' },
];

export type BlockState = 'null' | 'free' | 'cached' | 'used' | 'shared';

export function blockState(cursor: Cursor, block: number): BlockState {
  if (block === cursor.nullBlock) return 'null';
  const references = cursor.refCount[block];
  if (references === 0) return cursor.chain[block] === 0 ? 'free' : 'cached';
  return references === 1 ? 'used' : 'shared';
}

export const STATE_NAMES: Readonly<Record<BlockState, string>> = {
  null: 'null block',
  free: 'free',
  cached: 'free, content cached',
  used: 'in use',
  shared: 'shared',
};

const NUM_STATES = 4;
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
  }[mode];
  return [...STATES.map((state) => palette.css(`block-${state}`)), ...used];
}

/** A block's place in the colorTable() of the mode: a pure function of the state at the cursor. */
export function colorIndex(cursor: Cursor, block: number, mode: ColorMode): number {
  if (block === cursor.nullBlock) return 0;
  const references = cursor.refCount[block];
  if (references === 0) return cursor.chain[block] === 0 ? 1 : 2;
  if (mode === 'references') return NUM_STATES + Math.min(NUM_COUNTS, references) - 1;
  if (references > 1) return 3;
  return mode === 'state' ? NUM_STATES : NUM_STATES + (cursor.holderSum[block] % NUM_REQUESTS);
}

/** What the colours of a mode mean. */
export function legendOf(mode: ColorMode, palette: Palette): { color: string; label: string }[] {
  const free = (['free', 'cached', 'null'] as const).map((state) => ({
    color: palette.css(`block-${state}`),
    label: STATE_NAMES[state],
  }));
  if (mode === 'references') {
    return [
      ...[1, 2, 3, 4, 8].map((n) => ({ color: palette.count(n), label: n === 8 ? '8 or more' : `${n}` })),
      ...free,
    ];
  }
  const shared = { color: palette.css('block-shared'), label: STATE_NAMES.shared };
  const used =
    mode === 'state'
      ? { color: palette.css('block-used'), label: STATE_NAMES.used }
      : { color: palette.request(0), label: 'in use, one colour a request' };
  return [used, shared, ...free];
}

/** Tokens in every block that a running request is filling; blocks that are not listed are full or empty. */
export function partialFills(cursor: Cursor): Map<number, number> {
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
