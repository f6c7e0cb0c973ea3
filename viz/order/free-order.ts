import type { Cursor } from '../../sim/recording/cursor.ts';
import { BlockSequence } from './block-sequence.ts';
import type { OrderPart } from './order-part.ts';

/** The GPU's free blocks as the queue has them: the next to be taken comes first. */
export class FreeOrder implements OrderPart {
  private readonly sequence: BlockSequence;

  constructor({ recording }: Cursor) {
    this.sequence = new BlockSequence(recording.header.pool.numGpuBlocks);
  }

  arrange(cursor: Cursor): void {
    this.sequence.fill(cursor.copyFreeQueue());
  }

  /** Who has not changed keeps the order; all others stand behind the neighbour that the queue says. */
  follow(cursor: Cursor, changed: Int32Array): boolean {
    const { sequence } = this;
    sequence.removeAll(changed);
    const unplaced: number[] = [];
    for (const block of changed) {
      let next = block;
      while (next >= 0 && cursor.isFree(next) && !sequence.has(next)) {
        unplaced.push(next);
        next = cursor.freeBefore(next);
        // A recording that contradicts itself can have a queue that goes in a circle …
        if (unplaced.length > changed.length) return false;
      }
      // … or to blocks that are held.
      if (unplaced.length > 0 && next >= 0 && !sequence.has(next)) return false;
      for (let put = unplaced.pop(); put !== undefined; put = unplaced.pop()) {
        sequence.insertAfter(next, put);
        next = put;
      }
    }
    return true;
  }

  get length(): number {
    return this.sequence.length;
  }

  has(block: number): boolean {
    return this.sequence.has(block);
  }

  placeOf(block: number): number {
    return this.sequence.placeOf(block);
  }

  writeTo(target: Int32Array, from: number): number {
    return this.sequence.writeTo(target, from);
  }
}
