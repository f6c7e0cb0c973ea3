import type { NamingPen, Pen } from '../map/cell-painter.ts';

/** Share of a font's size that a letter of it is wide, about. */
const LETTER = 0.6;
/** From where a text's line is said to be to where it stands, as shares of the font's size. */
const BASELINE: Partial<Record<CanvasTextBaseline, number>> = { top: 0.8, middle: 0.35, bottom: -0.2 };

/** Draws cells as a canvas does, into SVG. */
export class SvgPen implements NamingPen {
  fillStyle: Pen['fillStyle'] = '#000';
  strokeStyle: Pen['strokeStyle'] = '#000';
  globalAlpha = 1;
  lineWidth = 1;
  font = '10px sans-serif';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  /** Below all that was filled. */
  bottom = 0;
  private readonly parts: string[] = [];
  private path = '';
  private left = 0;
  private top = 0;

  translate(right: number, down: number): void {
    this.left -= right;
    this.top -= down;
  }

  begin(name: string): void {
    this.parts.push(`${this.parts.length > 0 ? '</g>' : ''}<g><title>${escapeXml(name)}</title>`);
  }

  markup(): string {
    return this.parts.length > 0 ? `${this.parts.join('\n')}</g>` : '';
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const top = y - this.top;
    this.bottom = Math.max(this.bottom, top + height);
    this.parts.push(
      `<rect x="${x - this.left}" y="${top}" width="${width}" height="${height}" fill="${this.fillStyle}"${this.opacity}/>`,
    );
  }

  beginPath(): void {
    this.path = '';
  }

  moveTo(x: number, y: number): void {
    this.path += `M${x - this.left} ${y - this.top}`;
  }

  lineTo(x: number, y: number): void {
    this.path += `L${x - this.left} ${y - this.top}`;
  }

  /** Whole circles only. */
  arc(x: number, y: number, radius: number): void {
    this.moveTo(x - radius, y);
    this.path += `a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
  }

  stroke(): void {
    this.parts.push(
      `<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"${this.opacity}/>`,
    );
  }

  fillText(text: string, x: number, y: number): void {
    const line = y - this.top + (BASELINE[this.textBaseline] ?? 0) * this.size;
    this.parts.push(
      `<text x="${x - this.left}" y="${line}" font-family="monospace" font-size="${this.size}" fill="${this.fillStyle}"${this.opacity}>${escapeXml(text)}</text>`,
    );
  }

  measureText(text: string): { width: number } {
    return { width: text.length * LETTER * this.size };
  }

  private get size(): number {
    return Number.parseFloat(this.font);
  }

  private get opacity(): string {
    return this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : '';
  }
}

export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (char) => entities[char]);
}
