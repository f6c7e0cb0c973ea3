import type { BatchShape } from './step-time.ts';

/** What a step's batch sends through the encoder. */
export class EncodedImages {
  /** request → embeddings of each of its images. */
  private readonly embeds = new Map<number, number[]>();

  clear(): void {
    this.embeds.clear();
  }

  add(request: number, embeds: number): void {
    const others = this.embeds.get(request);
    if (others === undefined) this.embeds.set(request, [embeds]);
    else others.push(embeds);
  }

  /** The request left the batch; returns the embeddings of its images. */
  remove(request: number): number {
    const embeds = this.embeds.get(request) ?? [];
    this.embeds.delete(request);
    return embeds.reduce((sum, n) => sum + n, 0);
  }

  describe(shape: BatchShape): void {
    let sum = 0;
    let squares = 0;
    for (const images of this.embeds.values()) {
      for (const n of images) {
        sum += n;
        squares += n * n;
      }
    }
    shape.encodedEmbeds = sum;
    shape.encodedSquares = squares;
  }
}
