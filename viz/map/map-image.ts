import type { BlockOrder } from '../order/block-order.ts';
import { cellOf, type Layout, NOTHING, numRows, slotsOf } from './layout.ts';

/** The map as an image of one pixel a cell, in which only what changed is painted again. */
export class MapImage {
  private layout = NOTHING;
  private data = new ImageData(1, 1);
  private pixels = new Uint32Array(this.data.data.buffer);
  private readonly canvas = new OffscreenCanvas(1, 1);

  /**
   * @param colors block → its colour as a pixel, 0xAABBGGRR.
   * @param changed blocks of which each stands where it did, but may look different; null: any may stand elsewhere.
   * @returns the image as it is now: a column for each of the layout's, a row for each row.
   */
  update(
    layout: Layout,
    order: BlockOrder,
    colors: Uint32Array,
    changed: Iterable<number> | null,
  ): OffscreenCanvas {
    let [top, bottom] = [0, numRows(layout)];
    if (changed === null || layout !== this.layout) {
      this.begin(layout);
      paintCells(this.pixels, layout, order, colors);
    } else {
      const { columns } = layout;
      [top, bottom] = [bottom, 0];
      for (const block of changed) {
        const cell = cellOf(layout, order.slotOf(block));
        this.pixels[cell] = cellPixel(layout, order, colors, cell);
        const row = Math.floor(cell / columns);
        if (row < top) top = row;
        if (row >= bottom) bottom = row + 1;
      }
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
    const { columns } = layout;
    const rows = numRows(layout);
    if (this.data.width !== columns || this.data.height !== rows) {
      this.data = new ImageData(columns, rows);
      this.pixels = new Uint32Array(this.data.data.buffer);
      this.canvas.width = columns;
      this.canvas.height = rows;
    } else if (layout !== this.layout) this.pixels.fill(0);
    this.layout = layout;
  }
}

/** What a cell looks like; 0 where nothing stands. */
export function cellPixel(layout: Layout, order: BlockOrder, colors: Uint32Array, cell: number): number {
  const { first, end } = slotsOf(layout, cell);
  return first === end ? 0 : meanColor(order.blocks, colors, first, end);
}

function paintCells(pixels: Uint32Array, layout: Layout, order: BlockOrder, colors: Uint32Array): void {
  const { blocksPerCell, numBlocks, numGpuBlocks, cpuStart } = layout;
  const { blocks } = order;
  if (blocksPerCell === 1) {
    // The common case, in the shortest loops.
    if (blocks === null) pixels.set(colors.subarray(0, numGpuBlocks));
    else for (let slot = 0; slot < numGpuBlocks; slot++) pixels[slot] = colors[blocks[slot]];
    if (numBlocks > numGpuBlocks) pixels.set(colors.subarray(numGpuBlocks), cpuStart);
    return;
  }
  const paint = (from: number, until: number, firstCell: number) => {
    let cell = firstCell;
    for (let slot = from; slot < until; slot += blocksPerCell) {
      pixels[cell++] = meanColor(blocks, colors, slot, Math.min(until, slot + blocksPerCell));
    }
  };
  paint(0, numGpuBlocks, 0);
  paint(numGpuBlocks, numBlocks, cpuStart);
}

/** The mean of the blocks in some slots, so that none is invisible. */
function meanColor(blocks: Int32Array | null, colors: Uint32Array, first: number, end: number): number {
  const colorIn = (slot: number) => colors[blocks === null || slot >= blocks.length ? slot : blocks[slot]];
  const color = colorIn(first);
  let next = first + 1;
  while (next < end && colorIn(next) === color) next++;
  if (next === end) return color;
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (let slot = first; slot < end; slot++) {
    const color = colorIn(slot);
    red += color & 0xff;
    green += (color >> 8) & 0xff;
    blue += (color >> 16) & 0xff;
    alpha += color >>> 24;
  }
  const mean = (sum: number) => Math.round(sum / (end - first));
  return ((mean(alpha) << 24) | (mean(blue) << 16) | (mean(green) << 8) | mean(red)) >>> 0;
}
