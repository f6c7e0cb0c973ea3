import type { Cursor } from '../sim/recording/cursor.ts';
import { PrefixOrder } from './prefix-order.ts';

/**
 * How the GPU's blocks are laid out: by id, as the free queue has them, request by request, or along the tree of
 * prefixes: a prefix's blocks, then what continues it.
 */
export type OrderMode = 'physical' | 'queue' | 'request' | 'prefix';
export const ORDER_MODES: readonly OrderMode[] = ['physical', 'queue', 'request', 'prefix'];

const NOTHING = { cursor: null, step: -1, mode: 'physical' } as const;

/**
 * A permutation of the GPU's blocks, a pure function of the state at the cursor. A block keeps its id, its colour
 * and its marks wherever it stands.
 */
export class BlockOrder {
  /** slot → block; null: every block in the slot of its id. */
  private blocks: Int32Array | null = null;
  /** block → slot. */
  private slots = new Int32Array(0);
  /** Of the run that was last laid out along its prefixes. */
  private prefixes: PrefixOrder | null = null;
  private arranged: { cursor: Cursor | null; step: number; mode: OrderMode } = NOTHING;

  /** O(blocks), except for the physical order, and where nothing has changed since. */
  arrange(cursor: Cursor, mode: OrderMode): void {
    const { arranged } = this;
    if (arranged.cursor === cursor && arranged.step === cursor.step && arranged.mode === mode) return;
    this.arranged = { cursor, step: cursor.step, mode };
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
    if (mode === 'prefix') {
      if (this.prefixes?.recording !== cursor.recording) this.prefixes = new PrefixOrder(cursor);
      this.prefixes.look(cursor);
      for (let i = 0; i < this.prefixes.numBlocks; i++) put(this.prefixes.blocks[i]);
    }
    for (const block of cursor.freeQueue()) put(block);
    for (let block = 0; block < numGpuBlocks; block++) if (block !== cursor.nullBlock) put(block);
    put(cursor.nullBlock);
  }

  /** How the blocks' contents branch, where they stand along their prefixes; V0 does not say it. */
  get branches(): PrefixOrder | null {
    const { arranged, prefixes } = this;
    return arranged.mode === 'prefix' && prefixes?.recording.header.v0 === undefined ? prefixes : null;
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
