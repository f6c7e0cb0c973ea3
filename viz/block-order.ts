import type { Cursor } from '../sim/recording/cursor.ts';
import { PrefixTree } from './prefix-tree.ts';

/**
 * How the GPU's blocks are laid out: by id, as the free queue has them, request by request, or along the tree of
 * prefixes: a prefix's blocks, then what continues it.
 */
export type OrderMode = 'physical' | 'queue' | 'request' | 'prefix';
export const ORDER_MODES: readonly OrderMode[] = ['physical', 'queue', 'request', 'prefix'];

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
  private tree: PrefixTree | null = null;

  /** O(blocks), except for the physical order; along prefixes, cached blocks are sorted. */
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
    if (mode === 'prefix') for (const block of this.alongPrefixes(cursor)) put(block);
    for (const block of cursor.freeQueue()) put(block);
    for (let block = 0; block < numGpuBlocks; block++) if (block !== cursor.nullBlock) put(block);
    put(cursor.nullBlock);
  }

  /** Blocks with a cached content, by its place in the tree; what a request has not yet filled follows its prefix. */
  private alongPrefixes(cursor: Cursor): number[] {
    const { recording, numBlocks, chain } = cursor;
    if (this.tree?.recording !== recording) this.tree = new PrefixTree(recording);
    const places = this.tree.places(cursor);
    const blocks: number[] = [];
    const keys: number[] = [];
    // Twice the place leaves room for what follows it; then they stand as they were found.
    const add = (block: number, key: number) => {
      keys.push(key * numBlocks * 2 + blocks.length);
      blocks.push(block);
    };
    for (let block = 0; block < numBlocks; block++) {
      if (chain[block] > 0) add(block, 2 * places[chain[block]] + 2);
    }
    for (const request of cursor.running()) {
      for (let which = 0; which < cursor.numTables(request); which++) {
        let key = 1;
        for (const block of cursor.table(request, which)) {
          if (block === cursor.nullBlock) continue;
          if (chain[block] > 0) key = 2 * places[chain[block]] + 3;
          else add(block, key);
        }
      }
    }
    return Array.from(Float64Array.from(keys).sort(), (key) => blocks[key % (numBlocks * 2)]);
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
