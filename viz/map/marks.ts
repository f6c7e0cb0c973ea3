import type { Cursor } from '../../sim/recording/cursor.ts';
import type { Palette } from '../palette.ts';
import { t } from '../text/text.ts';
import { DETAILED_CELL, type Layout } from './layout.ts';
import type { Box } from './zoom.ts';

/** What is pointed out on the map. */
export interface MapMarks {
  readonly block: number | null;
  /** Its blocks stand out, the others are faint. */
  readonly request: number | null;
  /** Requests whose blocks are outlined. */
  readonly outlined: readonly number[];
  /** More blocks that are outlined. */
  readonly path?: readonly number[];
  /** These blocks stand out instead; absent or null: those of the request. */
  readonly lit?: ReadonlySet<number> | null;
}

/**
 * Outlines of blocks.
 * @param cell the width of a cell, CSS pixels.
 * @param boxOf what a block takes of the map.
 */
export function paintMarks(
  context: CanvasRenderingContext2D,
  cursor: Cursor,
  { block: pointedAt, outlined, path = [] }: MapMarks,
  palette: Palette,
  cell: number,
  boxOf: (block: number) => Box,
): void {
  const outline = (block: number, grow = 0) => {
    const { x, y, width, height } = boxOf(block);
    context.strokeRect(x - grow + 0.5, y - grow + 0.5, width + 2 * grow - 1, height + 2 * grow - 1);
  };
  context.strokeStyle = palette.css('text');
  context.lineWidth = cell >= DETAILED_CELL ? 1.5 : 1;
  for (const request of outlined) {
    for (let which = 0; which < cursor.numTables(request); which++) {
      for (const block of cursor.table(request, which)) if (block !== cursor.nullBlock) outline(block);
    }
  }
  for (const block of path) outline(block);
  if (pointedAt === null) return;
  context.strokeStyle = palette.css('focus');
  context.lineWidth = 2.5;
  outline(pointedAt, cell < DETAILED_CELL ? 3 : 1);
}

/** Between the GPU's blocks and those of the CPU. */
export function paintBorder(
  context: CanvasRenderingContext2D,
  { cell, columns, cpuStart }: Layout,
  palette: Palette,
): void {
  const y = (cpuStart / columns) * cell - cell / 2;
  context.fillStyle = palette.css('text-soft');
  context.font = `11px ${palette.css('font')}`;
  context.textBaseline = 'middle';
  const label = t().cpuBlocks;
  const space = context.measureText(label).width + 8;
  context.fillText(label, 0, y);
  context.fillRect(space, y, Math.max(0, columns * cell - space), 1);
}
