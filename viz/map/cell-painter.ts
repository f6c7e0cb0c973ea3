import type { Cursor } from '../../sim/recording/cursor.ts';
import { blockState, type ColorMode } from '../block-colors.ts';
import { type Palette, toPixel } from '../palette.ts';
import { gapOf } from './layout.ts';

/** From this size on, a cell has room for a sign, and from the other one for a name; CSS pixels. */
const SIGNED_CELL = 12;
const LETTERED_CELL = 30;

export interface Cell {
  readonly block: number;
  readonly x: number;
  readonly y: number;
  readonly color: string;
  /** Share of its tokens that are filled; undefined: it is not being filled. */
  readonly fill: number | undefined;
  readonly opacity: number;
}

/** Paints blocks that are large enough to be told apart: how full they are, and signs and names beside the colours. */
export class CellPainter {
  private readonly context: CanvasRenderingContext2D;
  private readonly cursor: Cursor;
  private readonly palette: Palette;
  private readonly mode: ColorMode;
  private readonly cell: number;
  private readonly size: number;

  /** @param cell the width of a cell, its gap included. */
  constructor(
    context: CanvasRenderingContext2D,
    cursor: Cursor,
    palette: Palette,
    mode: ColorMode,
    cell: number,
  ) {
    this.context = context;
    this.cursor = cursor;
    this.palette = palette;
    this.mode = mode;
    this.cell = cell;
    this.size = cell - gapOf(cell);
  }

  paint({ block, x, y, color, fill, opacity }: Cell): void {
    const { context, size, cell } = this;
    context.globalAlpha = opacity;
    context.fillStyle = color;
    if (fill === undefined) context.fillRect(x, y, size, size);
    else {
      // What is not filled yet is the block's waste: a shade of its owner.
      context.fillStyle = this.palette.css('block-free');
      context.fillRect(x, y, size, size);
      context.globalAlpha = 0.35 * opacity;
      context.fillStyle = color;
      context.fillRect(x, y, size, size);
      context.globalAlpha = opacity;
      const tall = Math.round(size * fill);
      context.fillRect(x, y + size - tall, size, tall);
    }
    if (cell >= SIGNED_CELL) this.paintSign(block, x, y);
    if (cell >= LETTERED_CELL) this.paintLetters(block, x, y, color, fill ?? 1);
    context.globalAlpha = 1;
  }

  /** The name of who holds it, or how many do, beside the colour that says the same. */
  private paintLetters(block: number, x: number, y: number, color: string, fill: number): void {
    const { context, cursor, size, palette } = this;
    const references = cursor.refCount[block];
    if (references === 0 || block === cursor.nullBlock) return;
    const isCount = this.mode === 'references';
    if (!isCount && (this.mode !== 'request' || references > 1)) return;
    const [owner] = isCount ? [] : cursor.holders(block);
    const text = isCount ? String(references) : owner === undefined ? '' : cursor.recording.requestIds[owner];
    context.font = `10px ${palette.css('mono')}`;
    if (text === '' || context.measureText(text).width > size - 4) return;
    // Of a block that is being filled, the upper part is pale: letters stand where they have one ground.
    const isBelow = fill < 1 && fill >= 0.5;
    context.textBaseline = isBelow ? 'bottom' : 'top';
    if (fill < 0.5) context.fillStyle = palette.css('text');
    else context.fillStyle = isLight(toPixel(color)) ? '#000' : '#fff';
    context.fillText(text, x + 3, isBelow ? y + size - 3 : y + 3);
  }

  /** Shape beside colour: shared blocks have a ring, cached-free ones a dot, the null block a cross. */
  private paintSign(block: number, x: number, y: number): void {
    const { context, size } = this;
    const state = blockState(this.cursor, block);
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
}

/** Whether black stands out from a pixel more than white does. */
function isLight(pixel: number): boolean {
  return 0.3 * (pixel & 0xff) + 0.59 * ((pixel >> 8) & 0xff) + 0.11 * ((pixel >> 16) & 0xff) > 140;
}
