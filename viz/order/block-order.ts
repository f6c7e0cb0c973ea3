import type { Cursor } from '../../sim/recording/cursor.ts';
import type { Changes } from '../../sim/recording/cursor-api.ts';
import { FreeOrder } from './free-order.ts';
import { IdOrder } from './id-order.ts';
import type { OrderPart } from './order-part.ts';
import type { PrefixBranches } from './prefix-branches.ts';
import { PrefixOrder } from './prefix-order.ts';
import { PrefixTree } from './prefix-tree.ts';
import { RequestOrder } from './request-order.ts';

/**
 * How the GPU's blocks are laid out: by id, as the free queue has them, request by request, or along the tree of
 * prefixes: a prefix's blocks, then what continues it.
 */
export type OrderMode = 'physical' | 'queue' | 'request' | 'prefix';
export const ORDER_MODES: readonly OrderMode[] = ['physical', 'queue', 'request', 'prefix'];

/** Where more than this share of the blocks has changed, and more than so many, all are laid out anew: it costs less. */
const MOST_CHANGED = 1 / 16;
const FEW = 256;
/** Pieces of the tree of prefixes that are made in a frame. */
const PIECES = 8;

const EVERYTHING: Changes = { all: true, count: 0, blocks: new Int32Array(0) };

/**
 * A permutation of the GPU's blocks, a pure function of the state at the cursor. A block keeps its id, its colour
 * and its marks wherever it stands. First come the parts that the mode names, then what is in none of them by id, and
 * the null block.
 */
export class BlockOrder {
  private cursor: Cursor | null = null;
  private mode: OrderMode = 'physical';
  private step = -1;
  private parts: readonly OrderPart[] = [];
  /** Blocks that are in none of the parts. */
  private rest = new IdOrder(0);
  private listed: Int32Array | null = null;
  /** Of the run that was last laid out along its prefixes. */
  private tree: PrefixTree | null = null;
  private prefixes: PrefixOrder | null = null;
  /** A long run's tree of prefixes is still being made, a bit with each call: until then blocks stand as before. */
  isComing = false;

  /**
   * @param wanted is shown once it is ready.
   * @param changes what has changed since the last call; without them all is made anew.
   * @returns whether blocks may stand elsewhere than before.
   */
  arrange(cursor: Cursor, wanted: OrderMode, changes: Changes = EVERYTHING): boolean {
    const mode = this.modeNow(cursor, wanted);
    const { numGpuBlocks } = cursor.recording.header.pool;
    const isOther = cursor !== this.cursor || mode !== this.mode;
    if (!isOther && !changes.all && cursor.step === this.step) return false;
    this.cursor = cursor;
    this.mode = mode;
    this.step = cursor.step;
    if (mode === 'physical') {
      this.listed = null;
      this.parts = [];
      return isOther;
    }
    if (isOther) {
      this.parts = this.partsOf(cursor, mode);
      this.rest = new IdOrder(numGpuBlocks);
      if (this.blocks?.length !== numGpuBlocks) this.listed = new Int32Array(numGpuBlocks);
    }
    const isNew = isOther || changes.all || changes.count > FEW + numGpuBlocks * MOST_CHANGED;
    if (isNew || !this.follow(cursor, changes.blocks.subarray(0, changes.count))) this.arrangeAll(cursor);
    this.list(cursor);
    return true;
  }

  /** How the blocks' contents branch, where they stand along their prefixes; V0 does not say it. */
  get branches(): PrefixBranches | null {
    const { mode, prefixes } = this;
    if (mode !== 'prefix' || prefixes === null) return null;
    return prefixes.recording.header.v0 === undefined ? prefixes.branches : null;
  }

  /** slot → block, of the GPU's; null: every block in the slot of its id. */
  get blocks(): Int32Array | null {
    return this.listed;
  }

  slotOf(block: number): number {
    const { blocks, cursor } = this;
    if (blocks === null || block >= blocks.length) return block;
    if (block === cursor?.nullBlock) return blocks.length - 1;
    let start = 0;
    for (const part of this.parts) {
      if (part.has(block)) return start + part.placeOf(block);
      start += part.length;
    }
    return start + this.rest.placeOf(block);
  }

  blockIn(slot: number): number {
    return this.blocks === null || slot >= this.blocks.length ? slot : this.blocks[slot];
  }

  private partsOf(cursor: Cursor, mode: OrderMode): OrderPart[] {
    if (mode === 'queue') return [new FreeOrder(cursor)];
    if (mode === 'request') return [new RequestOrder(cursor), new FreeOrder(cursor)];
    this.prefixes ??= new PrefixOrder(cursor, this.tree!);
    return [this.prefixes];
  }

  /** The layout that is wanted, or the last one while that is not ready. */
  private modeNow(cursor: Cursor, wanted: OrderMode): OrderMode {
    // A run that is shown no more keeps no memory.
    if (this.tree?.recording !== cursor.recording) this.tree = null;
    if (this.prefixes?.recording !== cursor.recording) this.prefixes = null;
    this.isComing = wanted === 'prefix';
    if (!this.isComing) return wanted;
    this.tree ??= new PrefixTree(cursor.recording);
    // So many, and not so long: what is shown depends on no clock.
    for (let i = 0; i < PIECES && this.isComing; i++) this.isComing = this.tree.goOn();
    if (!this.isComing) return wanted;
    return cursor === this.cursor ? this.mode : 'physical';
  }

  private arrangeAll(cursor: Cursor): void {
    const { blocks, parts, rest } = this;
    if (blocks === null) return;
    for (const part of parts) part.arrange(cursor);
    const numPlaced = this.listParts(blocks);
    rest.fill();
    for (let slot = 0; slot < numPlaced; slot++) rest.set(blocks[slot], false);
    if (cursor.nullBlock >= 0) rest.set(cursor.nullBlock, false);
  }

  private follow(cursor: Cursor, changed: Int32Array): boolean {
    const { numGpuBlocks } = cursor.recording.header.pool;
    const onGpu =
      cursor.numBlocks === numGpuBlocks ? changed : changed.filter((block) => block < numGpuBlocks);
    for (const part of this.parts) if (!part.follow(cursor, onGpu)) return false;
    for (const block of onGpu) {
      this.rest.set(block, block !== cursor.nullBlock && !this.parts.some((part) => part.has(block)));
    }
    return true;
  }

  /** Every block in its slot. */
  private list({ nullBlock }: Cursor): void {
    const { blocks } = this;
    if (blocks === null) return;
    const numListed = this.rest.writeTo(blocks, this.listParts(blocks));
    if (nullBlock >= 0) blocks[numListed] = nullBlock;
  }

  private listParts(blocks: Int32Array): number {
    // A recording that contradicts itself has blocks that are both free and held: there, all stand by id.
    if (this.parts.reduce((sum, { length }) => sum + length, 0) > blocks.length) this.parts = [];
    return this.parts.reduce((at, part) => part.writeTo(blocks, at), 0);
  }
}
