import type { BlockMap } from '../block-map.ts';
import type { Palette } from '../palette.ts';
import { escapeXml, SvgPen } from './svg-pen.ts';

/** What stands under a picture. */
export interface Caption {
  readonly title: string;
  readonly text: string;
  readonly legend: readonly { readonly color: string; readonly label: string }[];
}

const MARGIN = 16;
const LINE = 20;
/** An SVG of more cells would be too large to be opened elsewhere. */
const MOST_SVG_CELLS = 20_000;

/** The map with its title, caption and legend: a picture that can stand alone. */
export function drawPicture(map: BlockMap, palette: Palette, caption: Caption): HTMLCanvasElement {
  const { canvas } = map;
  const density = canvas.width / Math.max(1, canvas.clientWidth);
  const width = canvas.clientWidth + 2 * MARGIN;
  const picture = document.createElement('canvas');
  const context = picture.getContext('2d');
  if (context === null) throw new Error('no canvas');
  const small = `13px ${palette.css('font')}`;
  context.font = small;
  const rows = legendRows(caption, width - 2 * MARGIN, (text) => context.measureText(text).width);
  const height = canvas.clientHeight + 2 * MARGIN + LINE * (2 + rows.length) + 8;
  picture.width = Math.round(width * density);
  picture.height = Math.round(height * density);
  context.scale(density, density);
  context.fillStyle = palette.css('surface');
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  context.fillStyle = palette.css('text');
  context.font = `600 14px ${palette.css('font')}`;
  context.fillText(caption.title, MARGIN, MARGIN + LINE / 2, width - 2 * MARGIN);
  context.drawImage(canvas, MARGIN, MARGIN + LINE + 4, canvas.clientWidth, canvas.clientHeight);
  context.font = small;
  let y = MARGIN + LINE + 8 + canvas.clientHeight + LINE / 2;
  context.fillText(caption.text, MARGIN, y, width - 2 * MARGIN);
  for (const row of rows) {
    y += LINE;
    for (const { x, color, label } of row) {
      context.fillStyle = color;
      context.fillRect(MARGIN + x, y - 6, 12, 12);
      context.fillStyle = palette.css('text-soft');
      context.fillText(label, MARGIN + x + 18, y);
    }
  }
  return picture;
}

/** The same as an SVG; null where the map has more cells than one should hold. */
export function svgPicture(map: BlockMap, palette: Palette, caption: Caption): string | null {
  if (map.numCellsInSight > MOST_SVG_CELLS) return null;
  const cells = new SvgPen();
  map.drawWith(cells);
  const width = map.canvas.clientWidth + 2 * MARGIN;
  const rows = legendRows(caption, width - 2 * MARGIN, (text) => text.length * 7);
  const top = MARGIN + LINE + 4;
  const { bottom } = cells;
  const height = top + bottom + LINE * (1 + rows.length) + MARGIN + 8;
  const text = (x: number, y: number, what: string, extra = '') =>
    `<text x="${x}" y="${y}" fill="${palette.css('text')}" font-family="sans-serif" font-size="13"${extra}>${escapeXml(what)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<rect width="100%" height="100%" fill="${palette.css('surface')}"/>`,
    text(MARGIN, MARGIN + 14, caption.title, ' font-weight="600"'),
    `<g transform="translate(${MARGIN} ${top})">`,
    cells.markup(),
    '</g>',
    text(MARGIN, top + bottom + LINE, caption.text),
    ...rows.flatMap((row, i) =>
      row.flatMap(({ x, color, label }) => {
        const y = top + bottom + LINE * (i + 2);
        return [
          `<rect x="${MARGIN + x}" y="${y - 11}" width="12" height="12" fill="${color}"/>`,
          text(MARGIN + x + 18, y, label),
        ];
      }),
    ),
    '</svg>',
  ].join('\n');
}

function legendRows({ legend }: Caption, width: number, widthOf: (text: string) => number) {
  const rows: { x: number; color: string; label: string }[][] = [[]];
  let x = 0;
  for (const { color, label } of legend) {
    const wide = widthOf(label) + 34;
    if (x > 0 && x + wide > width) {
      rows.push([]);
      x = 0;
    }
    rows[rows.length - 1].push({ x, color, label });
    x += wide;
  }
  return rows;
}
