/** A set of blocks, in the order of their ids: a bit for each. */
export class IdOrder {
  private readonly numBlocks: number;
  private readonly words: Int32Array;
  /** word → blocks in the words before it; known until the set changes. */
  private readonly before: Int32Array;
  private isCounted = false;

  constructor(numBlocks: number) {
    this.numBlocks = numBlocks;
    this.words = new Int32Array((numBlocks + 31) >>> 5);
    this.before = new Int32Array(this.words.length);
  }

  /** Makes it hold all blocks. */
  fill(): void {
    this.words.fill(-1);
    const numLast = this.numBlocks & 31;
    if (numLast > 0) this.words[this.words.length - 1] = (1 << numLast) - 1;
    this.isCounted = false;
  }

  set(block: number, isIn: boolean): void {
    if (isIn) this.words[block >>> 5] |= 1 << (block & 31);
    else this.words[block >>> 5] &= ~(1 << (block & 31));
    this.isCounted = false;
  }

  /** Where a block stands that is in the set, from 0 on. */
  placeOf(block: number): number {
    const { words, before } = this;
    if (!this.isCounted) {
      for (let i = 1; i < words.length; i++) before[i] = before[i - 1] + numBits(words[i - 1]);
      this.isCounted = true;
    }
    return before[block >>> 5] + numBits(words[block >>> 5] & ((1 << (block & 31)) - 1));
  }

  /** Writes all of it, from a place of the target on. @returns the place behind it. */
  writeTo(target: Int32Array, from: number): number {
    const { words } = this;
    let at = from;
    for (let i = 0; i < words.length; i++) {
      if (words[i] === -1) {
        for (let block = i * 32; block < i * 32 + 32; block++) target[at++] = block;
        continue;
      }
      for (let word = words[i]; word !== 0; word &= word - 1) {
        target[at++] = i * 32 + 31 - Math.clz32(word & -word);
      }
    }
    return at;
  }
}

function numBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
