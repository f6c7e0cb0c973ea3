import type { Cursor } from '../sim/recording/cursor.ts';
import { BlockColors, type ColorMode, colorTable } from './block-colors.ts';
import { fitCanvas } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import { BlockPaint } from './map/block-paint.ts';
import { detailedBox, isJoined, plainBox } from './map/cell-box.ts';
import { CellPainter, type NamingPen, type Pen } from './map/cell-painter.ts';
import { cellOf, layoutFor, numRows, slotsOf } from './map/layout.ts';
import { cellPixel, MapImage } from './map/map-image.ts';
import { type MapMarks, paintBorder, paintMarks } from './map/marks.ts';
import { Overview } from './map/overview.ts';
import { Spotlight } from './map/spotlight.ts';
import { type Box, type Point, Zoom } from './map/zoom.ts';
import { BlockOrder, type OrderMode } from './order/block-order.ts';
import type { Prefix } from './order/prefix-branches.ts';
import { type Palette, toHex, toPixel } from './palette.ts';

/** Opacity of what does not stand out, and the same as the alpha byte of a pixel. */
const FAINT = 0.22;
const FAINT_ALPHA = Math.round(FAINT * 255) << 24;

/**
 * The block map: every physical block is a cell, in order of its id. Large cells are drawn one by one, small ones
 * as an image of one pixel a cell, in which only changed blocks are painted again.
 */
export class BlockMap {
  readonly canvas: HTMLCanvasElement;
  private cursor: Cursor | null = null;
  private palette: Palette;
  private mode: ColorMode = 'request';
  // Colour index → colour, as CSS and as a pixel.
  private colors: string[] = [];
  private pixels = new Uint32Array(0);
  private readonly zoom = new Zoom();
  private readonly fitted = new DrawnFrom();
  private readonly order = new BlockOrder();
  private orderMode: OrderMode = 'physical';
  private readonly colorOf = new BlockColors();
  private readonly paint = new BlockPaint();
  private readonly image = new MapImage();
  private readonly spotlight = new Spotlight();
  /** Beside the part that is in sight; null: nowhere. */
  private overview: Overview | null = null;
  /** Changes of blocks have been missed; or all of them look different. */
  private missed = true;
  private stale = true;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.canvas = canvas;
    this.palette = palette;
  }

  get blocksPerCell(): number {
    return this.zoom.layout.blocksPerCell;
  }
  /** Cells of a row. */
  get columns(): number {
    return this.zoom.layout.columns;
  }
  /** All blocks are in sight. */
  get isZoomedOut(): boolean {
    return this.zoom.isOut;
  }
  /** Blocks stand along their prefixes, and are large enough to show how those branch. */
  get showsBranches(): boolean {
    return this.order.branches !== null && this.zoom.isDetailed;
  }
  /** The layout that is wanted is still being made, a bit with each frame: until then blocks stand as before. */
  get isComing(): boolean {
    return this.order.isComing;
  }
  /** Cells are as large as they get. */
  get isZoomedIn(): boolean {
    return this.zoom.isIn;
  }

  show(cursor: Cursor): void {
    this.cursor = cursor;
    this.zoom.out();
    this.missed = true;
  }

  restyle(palette: Palette, mode: ColorMode): void {
    this.palette = palette;
    this.mode = mode;
    this.colors = colorTable(palette, mode);
    this.pixels = Uint32Array.from(this.colors, toPixel);
    this.stale = true;
  }

  /** Where the blocks stand. */
  arrange(mode: OrderMode): void {
    this.orderMode = mode;
  }

  /** It has another size, or was out of sight while others took the cursor's changes. */
  resized(): void {
    this.missed = true;
  }

  /** Where all is to be drawn while a part is in sight. */
  drawOverviewOn(canvas: HTMLCanvasElement): void {
    this.overview = new Overview(canvas);
  }

  /** All blocks in sight. */
  zoomOut(): void {
    this.zoom.out();
  }

  /** So many levels closer, or farther, around a point of the canvas. */
  zoomBy(levels: number, at: Point): void {
    this.zoom.by(levels, at);
  }

  /** So many levels closer, or farther, to a block, if it is in sight; else to the middle. */
  zoomAround(block: number | null, levels: number): void {
    this.zoom.around(block === null ? null : this.order.slotOf(block), levels);
  }

  /** Moves what is in sight, CSS pixels. */
  pan(right: number, down: number): void {
    this.zoom.pan(right, down);
  }

  /** Has the point of the whole map in the middle that lies at these shares of its width and height. */
  center(acrossShare: number, downShare: number): void {
    const { inSight, layout } = this.zoom;
    const x = acrossShare * layout.columns * layout.cell - inSight.width / 2;
    const y = downShare * numRows(layout) * layout.cell - inSight.height / 2;
    this.zoom.pan(inSight.x - x, inSight.y - y);
  }

  /** What comes before a block's content and after it, where it is drawn along prefixes and it is known. */
  prefixOf(block: number): Prefix | null {
    return this.order.branches?.around(block) ?? null;
  }

  reveal(block: number): void {
    this.zoom.reveal(this.order.slotOf(block));
  }

  /** The block under a point of the canvas, CSS pixels; null beside the blocks. */
  blockAt(x: number, y: number): number | null {
    const { layout, inSight } = this.zoom;
    const column = Math.floor((inSight.x + x) / layout.cell);
    const row = Math.floor((inSight.y + y) / layout.cell);
    if (this.cursor === null || column < 0 || column >= layout.columns || row < 0) return null;
    const { first, end } = slotsOf(layout, row * layout.columns + column);
    return first === end ? null : this.order.blockIn(first);
  }

  draw(marks: MapMarks): void {
    const { cursor, zoom } = this;
    if (cursor === null) return;
    const { context, width, height } = fitCanvas(this.canvas);
    if (width === 0 || height === 0) return;
    const { numGpuBlocks } = cursor.recording.header.pool;
    if (this.fitted.differs(cursor.numBlocks, numGpuBlocks, width, height)) {
      zoom.fit(layoutFor(numGpuBlocks, cursor.numBlocks, width, height), width, height);
    }
    if (this.spotlight.look(cursor, marks.request, marks.lit ?? null)) this.stale = true;
    const changed = this.look(cursor);
    const { isDetailed } = zoom;
    context.clearRect(0, 0, width, height);
    context.save();
    context.translate(-zoom.inSight.x, -zoom.inSight.y);
    if (isDetailed) {
      this.image.forget();
      this.drawCells(context, cursor);
    } else this.drawImage(context, changed);
    const path = marks.block === null ? [] : this.prefixOf(marks.block)?.before;
    paintMarks(context, cursor, { ...marks, path }, this.palette, zoom.layout.cell, (block) =>
      this.boxOf(cellOf(zoom.layout, this.order.slotOf(block)), block, isDetailed),
    );
    if (cursor.numBlocks > numGpuBlocks) paintBorder(context, zoom.layout, this.palette);
    context.restore();
    this.overview?.draw(zoom, this.order, this.paint.pixels, changed, this.palette.css('focus'));
  }

  get numCellsInSight(): number {
    return [...this.zoom.cellsInSight()].length;
  }

  /** Every cell in sight, as it is drawn, with another pen. */
  drawWith(pen: NamingPen): void {
    const { cursor, zoom } = this;
    const { layout, inSight, isDetailed } = zoom;
    if (cursor === null) return;
    pen.translate(-inSight.x, -inSight.y);
    if (isDetailed) {
      this.drawCells(pen, cursor, (block) => pen.begin(`block ${block}`));
      return;
    }
    for (const at of zoom.cellsInSight()) {
      const pixel = cellPixel(layout, this.order, this.paint.pixels, at);
      const block = this.order.blockIn(slotsOf(layout, at).first);
      const { x, y, width, height } = this.boxOf(at, block, false);
      pen.begin(layout.blocksPerCell > 1 ? `blocks from ${block}` : `block ${block}`);
      pen.fillStyle = toHex(pixel);
      pen.globalAlpha = (pixel >>> 24) / 255;
      pen.fillRect(x, y, width, height);
    }
  }

  /** Where blocks stand now, and what they look like. @returns those that changed where they stand; null: any of them. */
  private look(cursor: Cursor): readonly number[] | null {
    const { colorOf, spotlight } = this;
    const { all, count, blocks } = cursor.takeChanges();
    const isAll = all || this.missed;
    const hasMoved = this.order.arrange(cursor, this.orderMode, { all: isAll, count, blocks });
    colorOf.look(cursor, this.mode, this.zoom.isDetailed);
    const changed =
      isAll || this.stale || colorOf.changesAll ? null : [...blocks.subarray(0, count), ...colorOf.changed];
    this.paint.update(cursor.numBlocks, changed, (block) => {
      const pixel = this.pixels[colorOf.index(cursor, block)];
      return spotlight.isFaint(block) ? (pixel & 0xffffff) | FAINT_ALPHA : pixel;
    });
    this.missed = false;
    this.stale = false;
    return hasMoved ? null : changed;
  }

  private drawCells(pen: Pen, cursor: Cursor, begin?: (block: number) => void): void {
    const { layout } = this.zoom;
    const painter = new CellPainter(pen, cursor, this.palette, this.mode, layout.cell);
    for (const at of this.zoom.cellsInSight()) {
      const block = this.order.blockIn(slotsOf(layout, at).first);
      begin?.(block);
      painter.paint({
        block,
        box: this.boxOf(at, block, true),
        isJoined: isJoined(layout, at, block, this.order.branches),
        color: this.colors[this.colorOf.index(cursor, block)],
        fill: this.colorOf.fills.get(block),
        opacity: this.spotlight.isFaint(block) ? FAINT : 1,
      });
    }
  }

  private drawImage(context: CanvasRenderingContext2D, changed: readonly number[] | null): void {
    const { layout } = this.zoom;
    const image = this.image.update(layout, this.order, this.paint.pixels, changed);
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, image.width * layout.cell, image.height * layout.cell);
  }

  private boxOf(at: number, block: number, isDetailed: boolean): Box {
    const { layout } = this.zoom;
    return isDetailed ? detailedBox(layout, at, block, this.order.branches) : plainBox(layout, at);
  }
}
