import { type BlockTable, NONE } from './block-table.ts';

/** Classes of sizes: 16 to each power of two, exact below 16 units. */
const NUM_WORDS = 15;
const NUM_CLASSES = NUM_WORDS * 32;

/**
 * The free blocks of one pool and stream, ordered by size, then address (PyTorch's
 * `BlockPool::blocks`, a `std::set`, without the streams).
 *
 * Sizes fall into classes; a bitmap tells which hold something, and each class is a treap, whose priorities are
 * hashes of row numbers. Most classes hold a block or two, so that an operation is a few comparisons; in a class
 * of thousands it is still O(log n).
 */
export class FreeSet {
  private readonly blocks: BlockTable;
  private readonly roots = new Int32Array(NUM_CLASSES);
  private readonly occupied = new Int32Array(NUM_WORDS);

  constructor(blocks: BlockTable) {
    this.blocks = blocks;
  }

  /** Adds a block; its size and place must not change while it is here. */
  insert(row: number): void {
    const { left, right, units } = this.blocks;
    const sizeClass = classOf(units[row]);
    this.occupied[sizeClass >> 5] |= 1 << (sizeClass & 31);
    if (this.roots[sizeClass] === NONE) {
      this.roots[sizeClass] = row;
      left[row] = NONE;
      right[row] = NONE;
      return;
    }
    const ownPriority = priority(row);
    let parent = NONE;
    let wentLeft = false;
    let node = this.roots[sizeClass];
    while (node !== NONE && priority(node) >= ownPriority) {
      parent = node;
      wentLeft = this.comesBefore(row, node);
      node = wentLeft ? left[node] : right[node];
    }
    this.link(sizeClass, parent, wentLeft, row);
    // What stood here is divided into what comes before and after the new block.
    let low = NONE;
    let high = NONE;
    while (node !== NONE) {
      if (this.comesBefore(row, node)) {
        if (high === NONE) right[row] = node;
        else left[high] = node;
        high = node;
        node = left[node];
      } else {
        if (low === NONE) left[row] = node;
        else right[low] = node;
        low = node;
        node = right[node];
      }
    }
    if (high === NONE) right[row] = NONE;
    else left[high] = NONE;
    if (low === NONE) left[row] = NONE;
    else right[low] = NONE;
  }

  /** Takes out a block that is here. */
  remove(row: number): void {
    const { left, right, units } = this.blocks;
    const sizeClass = classOf(units[row]);
    let parent = NONE;
    let wentLeft = false;
    let node = this.roots[sizeClass];
    while (node !== row) {
      parent = node;
      wentLeft = this.comesBefore(row, node);
      node = wentLeft ? left[node] : right[node];
    }
    let low = left[row];
    let high = right[row];
    while (low !== NONE && high !== NONE) {
      const top = priority(low) >= priority(high) ? low : high;
      this.link(sizeClass, parent, wentLeft, top);
      parent = top;
      wentLeft = top === high;
      if (wentLeft) high = left[high];
      else low = right[low];
    }
    this.link(sizeClass, parent, wentLeft, low !== NONE ? low : high);
    if (parent === NONE && this.roots[sizeClass] === NONE)
      this.occupied[sizeClass >> 5] &= ~(1 << (sizeClass & 31));
  }

  /** The first block of at least this size, or NONE. */
  lowerBound(least: number): number {
    // No block is as large as this, and 32 bits do not hold it.
    if (least > 0x7fff_ffff) return NONE;
    const { left, right, units } = this.blocks;
    const sizeClass = classOf(least);
    let found = NONE;
    for (let node = this.roots[sizeClass]; node !== NONE; ) {
      if (units[node] >= least) {
        found = node;
        node = left[node];
      } else {
        node = right[node];
      }
    }
    return found !== NONE ? found : this.firstFrom(sizeClass + 1);
  }

  /** The block after one that is here, or NONE. */
  after(row: number): number {
    const { left, right, units } = this.blocks;
    const sizeClass = classOf(units[row]);
    let found = NONE;
    for (let node = this.roots[sizeClass]; node !== NONE; ) {
      if (this.comesBefore(row, node)) {
        found = node;
        node = left[node];
      } else {
        node = right[node];
      }
    }
    return found !== NONE ? found : this.firstFrom(sizeClass + 1);
  }

  /** The smallest block, or NONE. */
  get first(): number {
    return this.firstFrom(0);
  }

  /** All blocks in order. */
  toArray(): number[] {
    const rows: number[] = [];
    for (let row = this.first; row !== NONE; row = this.after(row)) rows.push(row);
    return rows;
  }

  /** The smallest block of the given class or a higher one, or NONE. */
  private firstFrom(sizeClass: number): number {
    let word = sizeClass >> 5;
    if (word >= NUM_WORDS) return NONE;
    let bits = this.occupied[word] & (-1 << (sizeClass & 31));
    while (bits === 0) {
      if (++word === NUM_WORDS) return NONE;
      bits = this.occupied[word];
    }
    let node = this.roots[(word << 5) + 31 - Math.clz32(bits & -bits)];
    const { left } = this.blocks;
    while (left[node] !== NONE) node = left[node];
    return node;
  }

  private link(sizeClass: number, parent: number, isLeft: boolean, child: number): void {
    if (parent === NONE) this.roots[sizeClass] = child;
    else if (isLeft) this.blocks.left[parent] = child;
    else this.blocks.right[parent] = child;
  }

  private comesBefore(a: number, b: number): boolean {
    const { blocks } = this;
    const difference = blocks.units[a] - blocks.units[b];
    return difference !== 0 ? difference < 0 : blocks.isBelow(a, b);
  }
}

/** Rises with the size; below NUM_CLASSES for all sizes up to 2^31. */
function classOf(units: number): number {
  if (units < 16) return units;
  const exponent = 31 - Math.clz32(units);
  return (exponent - 3) * 16 + ((units >> (exponent - 4)) & 15);
}

/** The treap's priorities need only look random (the finalizer of MurmurHash3, shortened). */
function priority(row: number): number {
  const mixed = Math.imul(row ^ (row >>> 16), 0x85eb_ca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
}
