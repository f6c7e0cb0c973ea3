import type { Cursor } from '../sim/recording/cursor.ts';
import { BlockColors, blockState, type ColorMode, colorTable } from './block-colors.ts';
import { BlockOrder, type OrderMode } from './block-order.ts';
import { fitCanvas } from './dom.ts';
import { type Palette, toPixel } from './palette.ts';
import { t } from './text/text.ts';

/** Cells at least this wide show gutters and how full a block is, CSS pixels. */
const DETAILED_CELL = 7;
/** From this size on, a cell has room for a name. */
const LETTERED_CELL = 30;
const MAX_CELL = 64;
const MAX_DETAILED_BLOCKS = 6000;
/** Cells and rows may be this much smaller for the sake of round rows. */
const LEAST_SHRINK = 0.85;
/** Opacity of what does not stand out, and the same as the alpha byte of a pixel. */
const FAINT = 0.22;
const FAINT_ALPHA = Math.round(FAINT * 255) << 24;

interface Layout {
  readonly cell: number;
  readonly columns: number;
  /** Blocks in one cell: more than 1 where there are more blocks than pixels. */
  readonly blocksPerCell: number;
  readonly detailed: boolean;
  /** Blocks of the GPU, which come first; those of the CPU start in a row of their own, from this cell on. */
  readonly numGpuBlocks: number;
  readonly cpuStart: number;
}

export interface MapMarks {
  readonly block: number | null;
  /** Its blocks stand out, the others are faint. */
  readonly request: number | null;
  /** Requests whose blocks are outlined. */
  readonly outlined: readonly number[];
  /** These blocks stand out instead; absent or null: those of the request. */
  readonly lit?: ReadonlySet<number> | null;
}

/**
 * The block map: every physical block is a cell, in order of its id. Small pools are drawn cell by cell, big
 * ones as an image of one pixel a block, in which only changed blocks are repainted.
 */
export class BlockMap {
  readonly canvas: HTMLCanvasElement;
  private cursor: Cursor | null = null;
  private palette: Palette;
  private mode: ColorMode = 'request';
  // Colour index → colour, as CSS and as a pixel.
  private colors: string[] = [];
  private pixels = new Uint32Array(0);
  private layout: Layout = {
    cell: 1,
    columns: 1,
    blocksPerCell: 1,
    detailed: false,
    numGpuBlocks: 0,
    cpuStart: 0,
  };
  private readonly order = new BlockOrder();
  private orderMode: OrderMode = 'physical';
  private readonly colorOf = new BlockColors();
  /** One pixel a cell, for big pools. */
  private image: { data: ImageData; pixels: Uint32Array; canvas: OffscreenCanvas } | null = null;
  private stale = true;
  /** Request that stands out, and its blocks. */
  private request: number | null = null;
  private litBlocks: ReadonlySet<number> = new Set();
  /** The lit blocks are not those of the request. */
  private isLit = false;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.canvas = canvas;
    this.palette = palette;
  }

  get blocksPerCell(): number {
    return this.layout.blocksPerCell;
  }
  get columns(): number {
    return this.layout.columns;
  }

  show(cursor: Cursor): void {
    this.cursor = cursor;
    this.stale = true;
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
    this.stale = true;
  }

  resized(): void {
    this.stale = true;
  }

  /** The block under a point of the canvas, CSS pixels; null beside the blocks. */
  blockAt(x: number, y: number): number | null {
    if (this.cursor === null) return null;
    const { cell, columns } = this.layout;
    const column = Math.floor(x / cell);
    if (column < 0 || column >= columns || y < 0) return null;
    const slot = slotOf(this.layout, Math.floor(y / cell) * columns + column, this.cursor.numBlocks);
    return slot === null ? null : this.order.blockIn(slot);
  }

  draw(marks: MapMarks): void {
    const { cursor } = this;
    if (cursor === null) return;
    const { context, width, height } = fitCanvas(this.canvas);
    if (width === 0 || height === 0) return;
    const layout = layoutFor(cursor.recording.header.pool.numGpuBlocks, cursor.numBlocks, width, height);
    if (layout.cell !== this.layout.cell || layout.columns !== this.layout.columns) this.stale = true;
    this.layout = layout;
    this.light(cursor, marks.request, marks.lit ?? null);
    this.order.arrange(cursor, this.orderMode);
    if (!this.order.isPhysical) this.stale = true;
    this.colorOf.look(cursor, this.mode, layout.detailed);
    context.clearRect(0, 0, width, height);
    if (layout.detailed) this.drawCells(context, cursor);
    else this.drawImage(context, cursor);
    this.drawMarks(context, cursor, marks);
    if (cursor.numBlocks > layout.numGpuBlocks) this.drawBorder(context);
  }

  /** Every cell that there is, as it is drawn. */
  cells(): { x: number; y: number; size: number; color: string; opacity: number; label: string }[] {
    const { cursor, layout } = this;
    if (cursor === null) return [];
    const { cell, columns, blocksPerCell } = layout;
    const count = cellOf(layout, cursor.numBlocks - 1) + 1;
    const found = [];
    for (let at = 0; at < count; at++) {
      const slot = slotOf(layout, at, cursor.numBlocks);
      if (slot === null) continue;
      const pixel = this.cellPixel(cursor, at);
      const block = this.order.blockIn(slot);
      found.push({
        x: (at % columns) * cell,
        y: Math.floor(at / columns) * cell,
        size: layout.detailed ? cell - gapOf(cell) : cell,
        color: `#${[0, 8, 16].map((by) => ((pixel >> by) & 0xff).toString(16).padStart(2, '0')).join('')}`,
        opacity: (pixel >>> 24) / 255,
        label: blocksPerCell > 1 ? `blocks from ${block}` : `block ${block}`,
      });
    }
    return found;
  }

  /** Between the GPU's blocks and those of the CPU. */
  private drawBorder(context: CanvasRenderingContext2D): void {
    const { cell, columns, cpuStart } = this.layout;
    const y = (cpuStart / columns) * cell - cell / 2;
    context.fillStyle = this.palette.css('text-soft');
    context.font = `11px ${this.palette.css('font')}`;
    context.textBaseline = 'middle';
    const label = t().cpuBlocks;
    const space = context.measureText(label).width + 8;
    context.fillText(label, 0, y);
    context.fillRect(space, y, Math.max(0, columns * cell - space), 1);
  }

  /** A request's blocks change only together with their own state, so that they are among the changed ones. */
  private light(cursor: Cursor, request: number | null, lit: ReadonlySet<number> | null): void {
    if (request !== this.request || lit !== null || this.isLit !== (lit !== null)) this.stale = true;
    this.request = request;
    this.isLit = lit !== null;
    this.litBlocks = lit ?? new Set();
    if (request === null || lit !== null) return;
    const blocks = new Set<number>();
    for (let which = 0; which < cursor.numTables(request); which++) {
      for (const block of cursor.table(request, which)) blocks.add(block);
    }
    this.litBlocks = blocks;
  }

  private isFaint(block: number): boolean {
    return (this.isLit || this.request !== null) && !this.litBlocks.has(block);
  }

  private drawCells(context: CanvasRenderingContext2D, cursor: Cursor): void {
    cursor.takeChanges();
    const { cell, columns } = this.layout;
    const { palette, colors } = this;
    const { fills } = this.colorOf;
    const size = cell - gapOf(cell);
    const free = palette.css('block-free');
    for (let block = 0; block < cursor.numBlocks; block++) {
      const at = this.cellOf(block);
      const x = (at % columns) * cell;
      const y = Math.floor(at / columns) * cell;
      const color = colors[this.colorOf.index(cursor, block)];
      const fill = fills.get(block);
      const opacity = this.isFaint(block) ? FAINT : 1;
      context.globalAlpha = opacity;
      if (fill === undefined) {
        context.fillStyle = color;
        context.fillRect(x, y, size, size);
      } else {
        // What is not filled yet is the block's waste: a shade of its owner.
        context.fillStyle = free;
        context.fillRect(x, y, size, size);
        context.globalAlpha = 0.35 * opacity;
        context.fillStyle = color;
        context.fillRect(x, y, size, size);
        context.globalAlpha = opacity;
        const tall = Math.round(size * fill);
        context.fillRect(x, y + size - tall, size, tall);
      }
      if (cell >= 12) this.drawSign(context, cursor, block, x, y, size);
      if (cell >= LETTERED_CELL) this.drawLetters(context, cursor, block, x, y, size, color);
    }
    context.globalAlpha = 1;
  }

  /** The name of who holds it, or how many do, beside the colour that says the same. */
  private drawLetters(
    context: CanvasRenderingContext2D,
    cursor: Cursor,
    block: number,
    x: number,
    y: number,
    size: number,
    color: string,
  ): void {
    const references = cursor.refCount[block];
    if (references === 0 || block === cursor.nullBlock) return;
    const isCount = this.mode === 'references';
    if (!isCount && (this.mode !== 'request' || references > 1)) return;
    const [owner] = isCount ? [] : cursor.holders(block);
    const text = isCount ? String(references) : owner === undefined ? '' : cursor.recording.requestIds[owner];
    context.font = `10px ${this.palette.css('mono')}`;
    if (text === '' || context.measureText(text).width > size - 4) return;
    // Of a block that is being filled, the upper part is pale: letters stand where they have one ground.
    const fill = this.colorOf.fills.get(block) ?? 1;
    const isBelow = fill < 1 && fill >= 0.5;
    context.textBaseline = isBelow ? 'bottom' : 'top';
    if (fill < 0.5) context.fillStyle = this.palette.css('text');
    else context.fillStyle = isLight(toPixel(color)) ? '#000' : '#fff';
    context.fillText(text, x + 3, isBelow ? y + size - 3 : y + 3);
  }

  /** Shape beside colour: shared blocks have a ring, cached-free ones a dot, the null block a cross. */
  private drawSign(
    context: CanvasRenderingContext2D,
    cursor: Cursor,
    block: number,
    x: number,
    y: number,
    size: number,
  ): void {
    const state = blockState(cursor, block);
    if (state === 'free' || state === 'used') return;
    const half = size / 2;
    context.beginPath();
    context.lineWidth = 1.5;
    context.strokeStyle = this.palette.css(state === 'shared' ? 'surface' : 'text-soft');
    if (state === 'shared') context.arc(x + half, y + half, size * 0.24, 0, 2 * Math.PI);
    else if (state === 'cached') context.arc(x + half, y + half, 1, 0, 2 * Math.PI);
    else {
      context.moveTo(x + size * 0.3, y + size * 0.3);
      context.lineTo(x + size * 0.7, y + size * 0.7);
      context.moveTo(x + size * 0.7, y + size * 0.3);
      context.lineTo(x + size * 0.3, y + size * 0.7);
      context.strokeStyle = this.palette.css('surface');
    }
    context.stroke();
  }

  private drawImage(context: CanvasRenderingContext2D, cursor: Cursor): void {
    const { cell, columns } = this.layout;
    const numCells = cellOf(this.layout, cursor.numBlocks - 1) + 1;
    const rows = Math.ceil(numCells / columns);
    const changes = cursor.takeChanges();
    if (this.image === null || this.image.data.width !== columns || this.image.data.height !== rows) {
      const data = new ImageData(columns, rows);
      this.image = {
        data,
        pixels: new Uint32Array(data.data.buffer),
        canvas: new OffscreenCanvas(columns, rows),
      };
      this.stale = true;
    }
    const { data, pixels, canvas } = this.image;
    if (this.stale || changes.all || this.colorOf.changesAll) {
      pixels.fill(0);
      for (let i = 0; i < numCells; i++) pixels[i] = this.cellPixel(cursor, i);
      this.stale = false;
    } else {
      const repaint = (block: number) => {
        const at = this.cellOf(block);
        pixels[at] = this.cellPixel(cursor, at);
      };
      for (let i = 0; i < changes.count; i++) repaint(changes.blocks[i]);
      for (const block of this.colorOf.changed) repaint(block);
    }
    const into = canvas.getContext('2d');
    if (into === null) return;
    into.putImageData(data, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, columns * cell, rows * cell);
  }

  private cellPixel(cursor: Cursor, cell: number): number {
    const { blocksPerCell, numGpuBlocks } = this.layout;
    const first = slotOf(this.layout, cell, cursor.numBlocks);
    if (first === null) return 0;
    if (blocksPerCell === 1) return this.blockPixel(cursor, this.order.blockIn(first));
    // The mean of the cell's blocks, so that none is invisible.
    const last = Math.min(first < numGpuBlocks ? numGpuBlocks : cursor.numBlocks, first + blocksPerCell);
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    for (let slot = first; slot < last; slot++) {
      const color = this.blockPixel(cursor, this.order.blockIn(slot));
      red += color & 0xff;
      green += (color >> 8) & 0xff;
      blue += (color >> 16) & 0xff;
      alpha += color >>> 24;
    }
    const n = last - first;
    return (
      ((Math.round(alpha / n) << 24) |
        (Math.round(blue / n) << 16) |
        (Math.round(green / n) << 8) |
        Math.round(red / n)) >>>
      0
    );
  }

  private cellOf(block: number): number {
    return cellOf(this.layout, this.order.slotOf(block));
  }

  private blockPixel(cursor: Cursor, block: number): number {
    const pixel = this.pixels[this.colorOf.index(cursor, block)];
    return this.isFaint(block) ? (pixel & 0xffffff) | FAINT_ALPHA : pixel;
  }

  private drawMarks(context: CanvasRenderingContext2D, cursor: Cursor, marks: MapMarks): void {
    const { cell } = this.layout;
    context.strokeStyle = this.palette.css('text');
    context.lineWidth = cell >= DETAILED_CELL ? 1.5 : 1;
    for (const request of marks.outlined) {
      for (let which = 0; which < cursor.numTables(request); which++) {
        for (const block of cursor.table(request, which)) {
          if (block !== cursor.nullBlock) this.outline(context, block, 0);
        }
      }
    }
    if (marks.block !== null) {
      context.strokeStyle = this.palette.css('focus');
      context.lineWidth = 2.5;
      this.outline(context, marks.block, cell < DETAILED_CELL ? 3 : 1);
    }
  }

  private outline(context: CanvasRenderingContext2D, block: number, grow: number): void {
    const { cell, columns, detailed } = this.layout;
    const at = this.cellOf(block);
    const x = (at % columns) * cell;
    const y = Math.floor(at / columns) * cell;
    const size = detailed ? cell - gapOf(cell) : cell;
    context.strokeRect(x - grow + 0.5, y - grow + 0.5, size + 2 * grow - 1, size + 2 * grow - 1);
  }
}

/** Whether black stands out from a pixel more than white does, by WCAG's luminance with a gamma of 2. */
function isLight(pixel: number): boolean {
  const [red, green, blue] = [0, 8, 16].map((by) => (((pixel >> by) & 0xff) / 255) ** 2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18;
}

/** Between detailed cells. */
function gapOf(cell: number): number {
  return cell >= 14 ? 2 : 1;
}

/** The cell of a slot: of a block's id, or of where it stands in another order. */
function cellOf({ numGpuBlocks, cpuStart, blocksPerCell }: Layout, slot: number): number {
  if (slot < numGpuBlocks) return Math.floor(slot / blocksPerCell);
  return cpuStart + Math.floor((slot - numGpuBlocks) / blocksPerCell);
}

/** The first slot of a cell, or null where there is none. */
function slotOf(
  { numGpuBlocks, cpuStart, blocksPerCell }: Layout,
  cell: number,
  numBlocks: number,
): number | null {
  const onGpu = cell * blocksPerCell;
  if (onGpu < numGpuBlocks) return onGpu;
  const slot = numGpuBlocks + (cell - cpuStart) * blocksPerCell;
  return cell >= cpuStart && slot < numBlocks ? slot : null;
}

/**
 * The largest cells with which all blocks fit, or slightly smaller ones if rows then have 8, 16, 24, …
 * blocks, which are easier to count in.
 */
function layoutFor(numGpuBlocks: number, numBlocks: number, width: number, height: number): Layout {
  const numCpuBlocks = numBlocks - numGpuBlocks;
  const layout = (cell: number, columns: number, blocksPerCell = 1): Layout => ({
    cell,
    columns,
    blocksPerCell,
    detailed: blocksPerCell === 1 && cell >= DETAILED_CELL && numBlocks <= MAX_DETAILED_BLOCKS,
    numGpuBlocks,
    // Enough empty rows for a label.
    cpuStart:
      (Math.ceil(numGpuBlocks / blocksPerCell / columns) + Math.max(1, Math.ceil(12 / cell))) * columns,
  });
  const numRows = ({ columns, blocksPerCell, cpuStart }: Layout) =>
    numCpuBlocks === 0
      ? Math.ceil(numGpuBlocks / blocksPerCell / columns)
      : cpuStart / columns + Math.ceil(numCpuBlocks / blocksPerCell / columns);
  const fits = (cell: number, columns: number) =>
    columns >= 1 && numRows(layout(cell, columns)) * cell <= height;
  let cell = Math.min(MAX_CELL, Math.floor(Math.sqrt((width * height) / numBlocks)) + 1);
  while (cell >= 1 && !fits(cell, Math.floor(width / cell))) cell--;
  for (let smaller = cell; smaller >= Math.max(1, cell * LEAST_SHRINK); smaller--) {
    const columns = Math.floor(width / smaller);
    const round = columns - (columns % 8);
    if (round * smaller >= width * LEAST_SHRINK && fits(smaller, round)) return layout(smaller, round);
  }
  if (cell >= 1) return layout(cell, Math.floor(width / cell));
  const columns = Math.floor(width);
  const cells = columns * Math.max(1, Math.floor(height) - (numCpuBlocks === 0 ? 0 : 14));
  return layout(1, columns, Math.ceil(numBlocks / cells));
}
