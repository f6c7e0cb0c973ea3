import type { Workload } from '../../workload/workload.ts';
import { TokenWalk } from '../known-tokens.ts';
import { type PrefixIndex, ROOT_CHAIN } from '../prefix-index.ts';

/** Per sequence, the chain of its last full block, retained: what identifies the content of the next one. */
export class SequenceChains {
  /** sequence → chain; ROOT_CHAIN without a full block. */
  readonly of: Int32Array;
  private readonly index: PrefixIndex;
  private readonly walk: TokenWalk;
  private readonly blockSize: number;
  private readonly requestOf: Int32Array;

  constructor(index: PrefixIndex, workload: Workload, blockSize: number) {
    const numSequences = workload.outputSegment.length;
    this.index = index;
    this.walk = new TokenWalk(workload);
    this.blockSize = blockSize;
    this.of = new Int32Array(numSequences);
    this.requestOf = new Int32Array(numSequences);
    workload.sequenceStart.forEach((start, request) => {
      this.requestOf.fill(request, start, start + workload.numSequences[request]);
    });
  }

  /** Stands before a block of the sequence; `advance` then goes block by block. */
  start(sequence: number, position: number): void {
    this.walk.start(this.requestOf[sequence], position * this.blockSize, sequence);
  }

  /** Goes over one more block; the sequence has its chain then. Returns the chain. */
  advance(sequence: number): number {
    const { index, walk } = this;
    let chain = this.of[sequence];
    for (let rest = this.blockSize; rest > 0; ) {
      rest -= walk.take(rest);
      chain = index.extend(chain, walk.segment, walk.offset, walk.size);
    }
    this.set(sequence, chain);
    return chain;
  }

  copy(from: number, to: number): void {
    this.set(to, this.of[from]);
  }

  clear(sequence: number): void {
    this.set(sequence, ROOT_CHAIN);
  }

  private set(sequence: number, chain: number): void {
    this.index.retain(chain);
    this.index.release(this.of[sequence]);
    this.of[sequence] = chain;
  }
}
