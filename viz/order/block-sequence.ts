/** Blocks of a chunk at most. */
const CAPACITY = 1024;
const NOWHERE = -1;

/**
 * Blocks in an order in which any of them can be taken out or put in at the cost of a chunk of them: chunks are short
 * arrays, one after the other.
 */
export class BlockSequence {
  /** block → chunk; −1: it is not in the sequence. */
  private readonly chunkOf: Int32Array;
  /** chunk → its blocks, the first sizes[chunk] of them. */
  private readonly chunks: Int32Array[] = [];
  private readonly sizes: number[] = [];
  /** Chunks, in their order; those that are not in use. */
  private row: number[] = [];
  private readonly unused: number[] = [];
  /** Each chunk's place in the row, and the place of its first block; known until something moves. */
  private readonly rowOf: number[] = [];
  private readonly startOf: number[] = [];
  private isCounted = false;
  private readonly behindInserted = { chunk: NOWHERE, at: 0 };
  length = 0;

  constructor(numBlocks: number) {
    this.chunkOf = new Int32Array(numBlocks).fill(NOWHERE);
  }

  has(block: number): boolean {
    return this.chunkOf[block] >= 0;
  }

  /** Makes it these. */
  fill(blocks: Int32Array): void {
    this.chunkOf.fill(NOWHERE);
    this.unused.push(...this.row);
    this.row = [];
    for (let from = 0; from < blocks.length; from += CAPACITY) {
      const part = blocks.subarray(from, from + CAPACITY);
      const chunk = this.newChunk();
      this.row.push(chunk);
      this.chunks[chunk].set(part);
      this.sizes[chunk] = part.length;
      for (const block of part) this.chunkOf[block] = chunk;
    }
    this.length = blocks.length;
    this.isCounted = false;
  }

  /** Takes out those of the blocks that are in it. */
  removeAll(blocks: Int32Array): void {
    const { chunkOf, chunks, sizes } = this;
    const touched = new Set<number>();
    let last = NOWHERE;
    for (const block of blocks) {
      const chunk = chunkOf[block];
      if (chunk < 0) continue;
      chunkOf[block] = NOWHERE;
      this.length--;
      if (chunk !== last) touched.add(chunk);
      last = chunk;
    }
    if (touched.size === 0) return;
    for (const chunk of touched) {
      const inside = chunks[chunk];
      let size = 0;
      for (let i = 0; i < sizes[chunk]; i++) if (chunkOf[inside[i]] === chunk) inside[size++] = inside[i];
      sizes[chunk] = size;
      if (size === 0) this.unused.push(chunk);
    }
    this.row = this.row.filter((chunk) => sizes[chunk] > 0);
    this.isCounted = false;
    // Chunks that have become short cost as much as long ones.
    if (this.row.length > 8 + (4 * this.length) / CAPACITY) this.fill(this.toArray());
  }

  /** Puts a block that is not in it behind one that is; −1: in front of all. */
  insertAfter(before: number, block: number): void {
    if (before >= 0) {
      const chunk = this.chunkOf[before];
      const size = this.sizes[chunk];
      const inside = this.chunks[chunk];
      this.insertAt(chunk, inside[size - 1] === before ? size : inside.indexOf(before) + 1, block);
    } else if (this.row.length > 0) this.insertAt(this.row[0], 0, block);
    else this.fill(Int32Array.of(block));
  }

  /** In a sequence that is sorted: puts a block in front of the first one that does not come before it. */
  insertSorted(block: number, comesBefore: (other: number) => boolean): void {
    const { chunk, at } = this.isBehindInserted(comesBefore)
      ? this.behindInserted
      : this.boundOf(comesBefore);
    if (chunk < 0) this.insertAfter(NOWHERE, block);
    else this.insertAt(chunk, at, block);
  }

  /** In a sequence that is sorted: the first block that does not come before something; −1: all do. */
  firstNotBefore(comesBefore: (block: number) => boolean): number {
    const { chunk, at } = this.boundOf(comesBefore);
    if (chunk < 0) return NOWHERE;
    if (at < this.sizes[chunk]) return this.chunks[chunk][at];
    this.count();
    const next = this.row[this.rowOf[chunk] + 1];
    return next === undefined ? NOWHERE : this.chunks[next][0];
  }

  /** Where it stands, from 0 on; −1: it does not. */
  placeOf(block: number): number {
    const chunk = this.chunkOf[block];
    if (chunk < 0) return NOWHERE;
    this.count();
    return this.startOf[chunk] + this.chunks[chunk].indexOf(block);
  }

  /** Writes all of it, from a place of the target on. @returns the place behind it. */
  writeTo(target: Int32Array, from: number): number {
    let at = from;
    for (const chunk of this.row) {
      const size = this.sizes[chunk];
      target.set(this.chunks[chunk].subarray(0, size), at);
      at += size;
    }
    return at;
  }

  /** Blocks often come one behind the other: whether the place behind the one that was inserted last is the right one. */
  private isBehindInserted(comesBefore: (block: number) => boolean): boolean {
    const { chunk, at } = this.behindInserted;
    if (at === 0 || at >= (this.sizes[chunk] ?? 0)) return false;
    const inside = this.chunks[chunk];
    return this.chunkOf[inside[0]] === chunk && comesBefore(inside[at - 1]) && !comesBefore(inside[at]);
  }

  /** Behind the last block that comes before something: a place in its chunk. */
  private boundOf(comesBefore: (block: number) => boolean): { chunk: number; at: number } {
    const { row, chunks, sizes } = this;
    if (row.length === 0) return { chunk: NOWHERE, at: 0 };
    let [low, high] = [0, row.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (comesBefore(chunks[row[middle]][0])) low = middle;
      else high = middle - 1;
    }
    const chunk = row[low];
    let [at, end] = [0, sizes[chunk]];
    while (at < end) {
      const middle = (at + end) >> 1;
      if (comesBefore(chunks[chunk][middle])) at = middle + 1;
      else end = middle;
    }
    return { chunk, at };
  }

  private toArray(): Int32Array {
    const blocks = new Int32Array(this.length);
    this.writeTo(blocks, 0);
    return blocks;
  }

  private insertAt(chunk: number, at: number, block: number): void {
    const { chunks, sizes } = this;
    if (sizes[chunk] === CAPACITY) {
      this.makeRoom(chunk, at, block);
      return;
    }
    chunks[chunk].copyWithin(at + 1, at, sizes[chunk]++);
    chunks[chunk][at] = block;
    this.chunkOf[block] = chunk;
    this.length++;
    this.isCounted = false;
    this.behindInserted.chunk = chunk;
    this.behindInserted.at = at + 1;
  }

  /** Inserts into a chunk that is full: at its ends a new one begins, in its middle it becomes two. */
  private makeRoom(chunk: number, at: number, block: number): void {
    const { chunks, sizes } = this;
    this.count();
    const other = this.newChunk();
    this.row.splice(this.rowOf[chunk] + (at === 0 ? 0 : 1), 0, other);
    this.isCounted = false;
    sizes[other] = 0;
    if (at === 0 || at === CAPACITY) {
      this.insertAt(other, 0, block);
      return;
    }
    const half = CAPACITY / 2;
    chunks[other].set(chunks[chunk].subarray(half));
    for (const moved of chunks[chunk].subarray(half)) this.chunkOf[moved] = other;
    sizes[chunk] = half;
    sizes[other] = half;
    if (at <= half) this.insertAt(chunk, at, block);
    else this.insertAt(other, at - half, block);
  }

  private newChunk(): number {
    const chunk = this.unused.pop();
    if (chunk !== undefined) return chunk;
    return this.chunks.push(new Int32Array(CAPACITY)) - 1;
  }

  private count(): void {
    if (this.isCounted) return;
    let start = 0;
    this.row.forEach((chunk, i) => {
      this.rowOf[chunk] = i;
      this.startOf[chunk] = start;
      start += this.sizes[chunk];
    });
    this.isCounted = true;
  }
}
