import { applyPalette, GIFEncoder, quantize } from 'gifenc';
import type { Page } from 'playwright-core';
import { press } from './visitor.ts';

/*
 * The page as it plays, as a GIF. Pixels that stay as they were are transparent, which makes it small.
 */

const NUM_FRAMES = 45;
const STEPS_PER_FRAME = 3;
const FRAME_MS = 160;
/** One of 256 is for what stays. */
const NUM_COLORS = 255;

/** @param decoder a page that may do anything, and unpacks the pictures. */
export async function animate(page: Page, decoder: Page): Promise<Uint8Array> {
  const frames: Picture[] = [];
  for (let i = 0; i < NUM_FRAMES; i++) {
    await press(page, ...Array<string>(STEPS_PER_FRAME).fill('ArrowRight'));
    frames.push(await pixelsOf(decoder, await page.screenshot()));
  }
  // The one in the middle has all colours.
  const palette = quantize(frames[NUM_FRAMES >> 1].data, NUM_COLORS);
  const gif = GIFEncoder();
  frames.forEach(({ data, width, height }, i) => {
    const index = applyPalette(data, palette);
    if (i > 0) keepUnchanged(index, data, frames[i - 1].data, palette.length);
    gif.writeFrame(index, width, height, {
      palette: i === 0 ? [...palette, [0, 0, 0]] : undefined,
      delay: FRAME_MS,
      transparent: i > 0,
      transparentIndex: palette.length,
      dispose: 1,
    });
  });
  gif.finish();
  return gif.bytes();
}

interface Picture {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

function keepUnchanged(
  index: Uint8Array,
  now: Uint8ClampedArray,
  before: Uint8ClampedArray,
  transparent: number,
): void {
  const [pixels, old] = [now, before].map((data) => new Uint32Array(data.buffer));
  for (let i = 0; i < index.length; i++) if (pixels[i] === old[i]) index[i] = transparent;
}

async function pixelsOf(decoder: Page, png: Buffer): Promise<Picture> {
  const { base64, width, height } = await decoder.evaluate(async (source) => {
    const bytes = Uint8Array.from(atob(source), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = '';
    for (let at = 0; at < data.length; at += 0x8000)
      text += String.fromCharCode(...data.subarray(at, at + 0x8000));
    return { base64: btoa(text), width: bitmap.width, height: bitmap.height };
  }, png.toString('base64'));
  return { data: Uint8ClampedArray.from(Buffer.from(base64, 'base64')), width, height };
}
