import { applyPalette, GIFEncoder, quantize } from 'gifenc';

const MOST_COLORS = 128;

/** A GIF of pictures of one size that follow each other. */
export class Gif {
  private readonly encoder = GIFEncoder();

  /** `delay` in milliseconds. */
  add(picture: HTMLCanvasElement, delay: number): void {
    const { width, height } = picture;
    const context = picture.getContext('2d');
    if (context === null) throw new Error('no canvas');
    const { data } = context.getImageData(0, 0, width, height);
    const palette = quantize(data, MOST_COLORS);
    this.encoder.writeFrame(applyPalette(data, palette), width, height, { palette, delay });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    this.encoder.finish();
    return this.encoder.bytes();
  }
}
