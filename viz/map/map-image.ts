import type { BlockOrder } from '../block-order.ts';
import { cellOf, type Layout, NOTHING, numCells, numRows, slotsOf } from './layout.ts';

/** The colour of a block as a pixel, 0xAABBGGRR. */
export type Ink = (block: number) => number;

/** The blocks that may look different from the last time. */
export interface Changes {
  readonly all: boolean;
  readonly count: number;
  readonly blocks: Int32Array;
  /** More of them. */
  readonly others: readonly number[];
}

/** The map as an image of one pixel a cell, in which only changed blocks are painted again. */
export class MapImage {
  private layout = NOTHING;
  private data = new ImageData(1, 1);
  private pixels = new Uint32Array(this.data.data.buffer);
  private readonly canvas = new OffscreenCanvas(1, 1);

  /** @returns the image as it is now: a column for each of the layout's, a row for each row. */
  update(layout: Layout, order: BlockOrder, ink: Ink, changes: Changes): OffscreenCanvas {
    let [top, bottom] = [0, numRows(layout)];
    if (changes.all || layout !== this.layout) {
      this.begin(layout);
      const count = numCells(layout);
      for (let cell = 0; cell < count; cell++) this.pixels[cell] = cellPixel(layout, order, ink, cell);
    } else {
      const { columns } = layout;
      [top, bottom] = [bottom, 0];
      const repaint = (block: number) => {
        const cell = cellOf(layout, order.slotOf(block));
        this.pixels[cell] = cellPixel(layout, order, ink, cell);
        const row = Math.floor(cell / columns);
        if (row < top) top = row;
        if (row >= bottom) bottom = row + 1;
      };
      for (let i = 0; i < changes.count; i++) repaint(changes.blocks[i]);
      for (const block of changes.others) repaint(block);
    }
    if (top < bottom) {
      this.canvas.getContext('2d')?.putImageData(this.data, 0, 0, 0, top, layout.columns, bottom - top);
    }
    return this.canvas;
  }

  /** Changes have been missed. */
  forget(): void {
    this.layout = NOTHING;
  }

  private begin(layout: Layout): void {
    this.layout = layout;
    const { columns } = layout;
    const rows = numRows(layout);
    if (this.data.width !== columns || this.data.height !== rows) {
      this.data = new ImageData(columns, rows);
      this.pixels = new Uint32Array(this.data.data.buffer);
      this.canvas.width = columns;
      this.canvas.height = rows;
    } else this.pixels.fill(0);
  }
}

/** The mean of a cell's blocks, so that none is invisible; 0 where nothing stands. */
export function cellPixel(layout: Layout, order: BlockOrder, ink: Ink, cell: number): number {
  const { first, end } = slotsOf(layout, cell);
  if (end - first === 1) return ink(order.blockIn(first));
  if (end === first) return 0;
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (let slot = first; slot < end; slot++) {
    const color = ink(order.blockIn(slot));
    red += color & 0xff;
    green += (color >> 8) & 0xff;
    blue += (color >> 16) & 0xff;
    alpha += color >>> 24;
  }
  const mean = (sum: number) => Math.round(sum / (end - first));
  return ((mean(alpha) << 24) | (mean(blue) << 16) | (mean(green) << 8) | mean(red)) >>> 0;
}
