import type { Cursor } from '../sim/recording/cursor.ts';

/** How the GPU's blocks are laid out: by id, as the free queue has them, or request by request. */
export type OrderMode = 'physical' | 'queue' | 'request';
export const ORDER_MODES: readonly OrderMode[] = ['physical', 'queue', 'request'];

/**
 * A permutation of the GPU's blocks, a pure function of the state at the cursor. A block keeps its id, its colour
 * and its marks wherever it stands.
 */
export class BlockOrder {
  /** slot → block; null: every block in the slot of its id. */
  private blocks: Int32Array | null = null;
  /** block → slot. */
  private slots = new Int32Array(0);

  /** O(blocks), except for the physical order. */
  arrange(cursor: Cursor, mode: OrderMode): void {
    if (mode === 'physical') {
      this.blocks = null;
      return;
    }
    const { numGpuBlocks } = cursor.recording.header.pool;
    if (this.blocks?.length !== numGpuBlocks) {
      this.blocks = new Int32Array(numGpuBlocks);
      this.slots = new Int32Array(numGpuBlocks);
    }
    const { blocks, slots } = this;
    slots.fill(-1);
    let next = 0;
    const put = (block: number) => {
      if (block < 0 || block >= numGpuBlocks || slots[block] >= 0) return;
      slots[block] = next;
      blocks[next++] = block;
    };
    if (mode === 'request') {
      for (const request of cursor.running()) {
        for (let which = 0; which < cursor.numTables(request); which++) {
          for (const block of cursor.table(request, which)) if (block !== cursor.nullBlock) put(block);
        }
      }
    }
    for (const block of cursor.freeQueue()) put(block);
    for (let block = 0; block < numGpuBlocks; block++) if (block !== cursor.nullBlock) put(block);
    put(cursor.nullBlock);
  }

  get isPhysical(): boolean {
    return this.blocks === null;
  }

  slotOf(block: number): number {
    return this.blocks === null || block >= this.blocks.length ? block : this.slots[block];
  }

  blockIn(slot: number): number {
    return this.blocks === null || slot >= this.blocks.length ? slot : this.blocks[slot];
  }
}
