import { fitCanvas } from '../dom.ts';
import type { BlockOrder } from '../order/block-order.ts';
import { numRows } from './layout.ts';
import { MapImage } from './map-image.ts';
import type { Zoom } from './zoom.ts';

/** All blocks, small, with a frame around those that are in sight. */
export class Overview {
  private readonly canvas: HTMLCanvasElement;
  private readonly image = new MapImage();

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
  }

  /** @param colors, changed as for MapImage. */
  draw(
    zoom: Zoom,
    order: BlockOrder,
    colors: Uint32Array,
    changed: readonly number[] | null,
    frame: string,
  ): void {
    if (zoom.isOut) {
      this.image.forget();
      return;
    }
    const { context, width, height } = fitCanvas(this.canvas);
    const image = this.image.update(zoom.whole, order, colors, changed);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = image.width > width;
    context.drawImage(image, 0, 0, width, height);
    const { layout, inSight } = zoom;
    const across = width / (layout.columns * layout.cell);
    const down = height / (numRows(layout) * layout.cell);
    const wide = Math.min(width, inSight.width * across);
    const tall = Math.min(height, inSight.height * down);
    context.strokeStyle = frame;
    context.lineWidth = 2;
    context.strokeRect(
      inSight.x * across + 1,
      inSight.y * down + 1,
      Math.max(4, wide - 2),
      Math.max(4, tall - 2),
    );
  }
}
