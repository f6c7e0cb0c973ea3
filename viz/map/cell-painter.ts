import type { Cursor } from '../../sim/recording/cursor.ts';
import { blockState, type ColorMode } from '../block-colors.ts';
import { type Palette, toPixel } from '../palette.ts';
import { gapOf } from './layout.ts';
import type { Box } from './zoom.ts';

/** From this size on, a cell has room for a sign, and from the other one for a name; CSS pixels. */
const SIGNED_CELL = 12;
const LETTERED_CELL = 30;

/** Opacity between cells that are joined: they can still be counted. */
const JOINT = 0.6;

/** What cells are painted with: a canvas, or what draws as one does. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'globalAlpha'
  | 'lineWidth'
  | 'font'
  | 'textBaseline'
  | 'fillRect'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'arc'
  | 'stroke'
  | 'fillText'
> & { measureText(text: string): { readonly width: number } };

/** One that can say what it draws. */
export interface NamingPen extends Pen {
  translate(right: number, down: number): void;
  /** What is drawn from here on has this name. */
  begin(name: string): void;
}

export interface Cell {
  readonly block: number;
  readonly box: Box;
  /** It goes on where the cell before it ends. */
  readonly isJoined: boolean;
  readonly color: string;
  /** Share of its tokens that are filled; undefined: it is not being filled. */
  readonly fill: number | undefined;
  readonly opacity: number;
}

/** Paints blocks that are large enough to be told apart: how full they are, and signs and names beside the colours. */
export class CellPainter {
  private readonly context: Pen;
  private readonly cursor: Cursor;
  private readonly palette: Palette;
  private readonly mode: ColorMode;
  private readonly cell: number;

  /** @param cell the width of a cell, its gap included. */
  constructor(context: Pen, cursor: Cursor, palette: Palette, mode: ColorMode, cell: number) {
    this.context = context;
    this.cursor = cursor;
    this.palette = palette;
    this.mode = mode;
    this.cell = cell;
  }

  paint({ block, box, isJoined, color, fill, opacity }: Cell): void {
    const { context, cell } = this;
    const { x, y, width, height } = box;
    context.globalAlpha = opacity;
    context.fillStyle = color;
    if (fill === undefined) context.fillRect(x, y, width, height);
    else {
      // What is not filled yet is the block's waste: a shade of its owner.
      context.fillStyle = this.palette.css('block-free');
      context.fillRect(x, y, width, height);
      context.globalAlpha = 0.35 * opacity;
      context.fillStyle = color;
      context.fillRect(x, y, width, height);
      context.globalAlpha = opacity;
      const tall = Math.round(height * fill);
      context.fillRect(x, y + height - tall, width, tall);
    }
    if (isJoined) {
      const gap = gapOf(cell);
      context.fillStyle = color;
      context.globalAlpha = (fill === undefined ? JOINT : 0.35) * opacity;
      context.fillRect(x - gap, y, gap, height);
      context.globalAlpha = opacity;
    }
    if (cell >= SIGNED_CELL) this.paintSign(block, box);
    if (cell >= LETTERED_CELL) this.paintLetters(block, box, color, fill ?? 1);
    context.globalAlpha = 1;
  }

  /** The name of who holds it, or how many do, beside the colour that says the same. */
  private paintLetters(block: number, box: Box, color: string, fill: number): void {
    const { context, cursor, palette } = this;
    const { x, y, width, height } = box;
    const references = cursor.refCount[block];
    if (references === 0 || block === cursor.nullBlock) return;
    const isCount = this.mode === 'references';
    if (!isCount && (this.mode !== 'request' || references > 1)) return;
    const [owner] = isCount ? [] : cursor.holders(block);
    const text = isCount ? String(references) : owner === undefined ? '' : cursor.recording.requestIds[owner];
    context.font = `10px ${palette.css('mono')}`;
    if (text === '' || context.measureText(text).width > width - 4) return;
    // Of a block that is being filled, the upper part is pale: letters stand where they have one ground.
    const isBelow = fill < 1 && fill >= 0.5;
    context.textBaseline = isBelow ? 'bottom' : 'top';
    if (fill < 0.5) context.fillStyle = palette.css('text');
    else context.fillStyle = isLight(toPixel(color)) ? '#000' : '#fff';
    context.fillText(text, x + 3, isBelow ? y + height - 3 : y + 3);
  }

  /** Shape beside colour: shared blocks have a ring, cached-free ones a dot, the null block a cross. */
  private paintSign(block: number, { x, y, width, height }: Box): void {
    const { context } = this;
    const state = blockState(this.cursor, block);
    if (state === 'free' || state === 'used') return;
    const size = Math.min(width, height);
    const [middle, center] = [x + width / 2, y + height / 2];
    context.beginPath();
    context.lineWidth = 1.5;
    context.strokeStyle = this.palette.css(state === 'shared' ? 'surface' : 'text-soft');
    if (state === 'shared') context.arc(middle, center, size * 0.24, 0, 2 * Math.PI);
    else if (state === 'cached') context.arc(middle, center, 1, 0, 2 * Math.PI);
    else {
      const arm = size * 0.2;
      context.moveTo(middle - arm, center - arm);
      context.lineTo(middle + arm, center + arm);
      context.moveTo(middle + arm, center - arm);
      context.lineTo(middle - arm, center + arm);
      context.strokeStyle = this.palette.css('surface');
    }
    context.stroke();
  }
}

/** Whether black stands out from a pixel more than white does. */
function isLight(pixel: number): boolean {
  return 0.3 * (pixel & 0xff) + 0.59 * ((pixel >> 8) & 0xff) + 0.11 * ((pixel >> 16) & 0xff) > 140;
}
