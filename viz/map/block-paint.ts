/** The colour of each block as a pixel, 0xAABBGGRR: looked up again only where a block may have changed. */
export class BlockPaint {
  /** block → pixel. */
  pixels = new Uint32Array(0);

  /** @param changed those that may look different from the last time; null: any of them. */
  update(numBlocks: number, changed: Iterable<number> | null, pixelOf: (block: number) => number): void {
    if (this.pixels.length !== numBlocks) this.pixels = new Uint32Array(numBlocks);
    const { pixels } = this;
    if (changed !== null) for (const block of changed) pixels[block] = pixelOf(block);
    else for (let block = 0; block < numBlocks; block++) pixels[block] = pixelOf(block);
  }
}
