import { EngineCrash } from '../../error.ts';
import type { Device } from '../../recording/v0-listener.ts';

/** The blocks of one device without a prefix cache (vLLM `NaiveBlockAllocator`): counts and a stack. */
export class NaiveAllocator {
  readonly device: Device;
  readonly numBlocks: number;
  /** block → entries of block tables that are this block. */
  readonly refCount: Int32Array;
  /** Free blocks; the last one is taken next. */
  private readonly stack: Int32Array;
  private stackSize: number;

  constructor(device: Device, numBlocks: number) {
    this.device = device;
    this.numBlocks = numBlocks;
    this.refCount = new Int32Array(numBlocks);
    this.stack = Int32Array.from({ length: numBlocks }, (_, i) => numBlocks - 1 - i);
    this.stackSize = numBlocks;
  }

  get numFree(): number {
    return this.stackSize;
  }

  /** Blocks that are free and hold nothing. */
  get numHashless(): number {
    return this.stackSize;
  }

  /** @throws EngineCrash if no block is free. */
  allocate(): number {
    if (this.stackSize === 0) {
      throw new EngineCrash('NoFreeBlocksError', '', 'a block is needed and none is free');
    }
    const block = this.stack[--this.stackSize];
    this.refCount[block] = 1;
    return block;
  }

  /** One holder more for a block in use. */
  share(block: number): void {
    this.refCount[block]++;
  }

  /** One holder less; given up by the last one, the block is the next to be taken. */
  release(block: number): void {
    if (--this.refCount[block] === 0) this.stack[this.stackSize++] = block;
  }
}
