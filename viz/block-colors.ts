import type { Cursor } from '../sim/recording/cursor.ts';
import { RequestState } from '../sim/recording/recording.ts';
import type { Palette } from './palette.ts';

export type ColorMode = 'request' | 'state' | 'references';
export const COLOR_MODES: readonly { mode: ColorMode; label: string }[] = [
  { mode: 'request', label: 'Request' },
  { mode: 'state', label: 'State' },
  { mode: 'references', label: 'References' },
];

export type BlockState = 'null' | 'free' | 'cached' | 'used' | 'shared';

export function blockState(cursor: Cursor, block: number): BlockState {
  if (block === 0) return 'null';
  const references = cursor.refCount[block];
  if (references === 0) return cursor.chain[block] === 0 ? 'free' : 'cached';
  return references === 1 ? 'used' : 'shared';
}

export const STATE_NAMES: Readonly<Record<BlockState, string>> = {
  null: 'null block',
  free: 'free',
  cached: 'free, content cached',
  used: 'in use',
  shared: 'shared by prefix',
};

/** The colour of a block at the cursor, as CSS or as a pixel: a pure function of the state there. */
export function blockColor<T>(
  cursor: Cursor,
  block: number,
  mode: ColorMode,
  of: {
    token: (token: string) => T;
    request: (request: number) => T;
    count: (refCount: number) => T;
  },
): T {
  const state = blockState(cursor, block);
  if (state === 'null' || state === 'free' || state === 'cached') return of.token(`block-${state}`);
  if (mode === 'references') return of.count(cursor.refCount[block]);
  if (state === 'shared') return of.token('block-shared');
  return mode === 'state' ? of.token('block-used') : of.request(cursor.holderSum[block]);
}

export const asCss = (palette: Palette) => ({
  token: palette.css,
  request: palette.request,
  count: palette.count,
});
export const asPixel = (palette: Palette) => ({
  token: palette.pixel,
  request: palette.requestPixel,
  count: palette.countPixel,
});

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
  cursor.recording.header.pool.groups.forEach(({ blockSize }, group) => {
    for (const request of cursor.running()) {
      if (cursor.state[request] !== RequestState.Running) continue;
      const table = cursor.table(request, group);
      const tokens = cursor.numComputedTokens(request) + cursor.numScheduledTokens(request);
      for (let i = Math.floor(tokens / blockSize); i < table.length; i++) {
        fills.set(table[i], Math.max(0, tokens - i * blockSize) / blockSize);
      }
    }
  });
  return fills;
}
