import type { Cursor } from '../../sim/recording/cursor.ts';
import type { BlockMap } from '../block-map.ts';
import { byId } from '../dom.ts';
import { t } from '../text/text.ts';
import type { ViewStore } from './view.ts';

/** Blocks are pointed at, chosen, and walked through with the arrow keys. */
export function pointAtBlocks(map: BlockMap, view: ViewStore, cursorNow: () => Cursor | undefined): void {
  map.canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'touch') view.set({ block: map.blockAt(event.offsetX, event.offsetY) });
  });
  map.canvas.addEventListener('click', (event) => {
    const block = map.blockAt(event.offsetX, event.offsetY);
    const owner = block === null ? undefined : cursorNow()?.holders(block)[0];
    view.set({ block, request: owner ?? null });
  });
  map.canvas.addEventListener('keydown', (event) => {
    const { run, block } = view.get();
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -map.columns, ArrowDown: map.columns }[event.key];
    if (by === undefined || run === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = block === null ? 0 : block + by * map.blocksPerCell;
    if (next < 0 || next >= run.cursor.numBlocks) return;
    view.set({ block: next });
    map.reveal(next);
    const owners = (cursorNow()?.holders(next) ?? []).map((request) => run.recording.requestIds[request]);
    byId('live').textContent = t().live.block(next, owners);
  });
}
