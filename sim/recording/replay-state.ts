import type { IndexList } from '../pool/index-list.ts';
import { numAllBlocks, type Recording } from './recording.ts';

/** A copy of a state at an event boundary; what is in it is the state's own business. */
export type Snapshot = object;

/**
 * What a recording says of blocks and queues between two events. Every event can be applied and undone in O(1).
 * V1 and V0 have a state each: their events mean different things.
 */
export abstract class ReplayState {
  readonly recording: Recording;
  /** block → block tables that hold it; its content (0: none); the sum of its holders' requests. */
  readonly refCount: Int32Array;
  readonly chain: Int32Array;
  readonly holderSum: Uint32Array;
  /** request → RequestState. */
  readonly state: Uint8Array;
  /** request → row of its span + 1. */
  readonly span: Uint32Array;
  /** Embeddings in the encoder cache, those that nobody refers to included. */
  numEncoderEmbeds = 0;

  /** Blocks that changed, each once, while allChanged is false. */
  readonly changed: Int32Array;
  numChanged = 0;
  allChanged = true;
  private readonly isChanged: Uint8Array;

  constructor(recording: Recording) {
    const numBlocks = numAllBlocks(recording.header);
    const numRequests = recording.requestIds.length;
    this.recording = recording;
    this.refCount = new Int32Array(numBlocks);
    this.chain = new Int32Array(numBlocks);
    this.holderSum = new Uint32Array(numBlocks);
    this.state = new Uint8Array(numRequests);
    this.span = new Uint32Array(numRequests);
    this.changed = new Int32Array(numBlocks);
    this.isChanged = new Uint8Array(numBlocks);
  }

  /** Free blocks of the GPU. */
  abstract readonly numFree: number;
  abstract readonly numFreeCpu: number;
  abstract readonly runningList: IndexList;
  abstract readonly waitingList: IndexList;
  /** V0: requests whose blocks are on the CPU; null for V1. */
  abstract readonly swappedList: IndexList | null;
  /** Bytes of a snapshot, about. */
  abstract readonly snapshotBytes: number;

  abstract apply(event: number): void;
  abstract undo(event: number): void;
  abstract snapshot(): Snapshot;
  abstract restore(snapshot: Snapshot): void;

  /** Free GPU blocks in the order in which they are taken. */
  abstract freeBlocks(): IterableIterator<number>;
  /** The same as a copy, which takes less time. */
  abstract copyFreeBlocks(): Int32Array;
  /** Of a free GPU block: the one that is taken before it, or −1. */
  abstract freeBefore(block: number): number;
  /** Block tables of a request: V1 has one per cache group, V0 one per sequence. */
  abstract numTables(request: number): number;
  abstract table(request: number, which: number): Int32Array;
  /** Tokens per block of one of its tables. */
  abstract blockSizeOfTable(which: number): number;
  /** The block that stands for "outside the window", or −1. */
  abstract readonly nullBlock: number;

  forgetChanges(): void {
    for (let i = 0; i < this.numChanged; i++) this.isChanged[this.changed[i]] = 0;
    this.numChanged = 0;
    this.allChanged = false;
  }

  protected mark(block: number): void {
    if (this.isChanged[block] !== 0) return;
    this.isChanged[block] = 1;
    this.changed[this.numChanged++] = block;
  }

  /** All but who holds which block, which V1's tables tell. */
  protected snapshotShared() {
    return {
      chain: this.chain.slice(),
      state: this.state.slice(),
      span: this.span.slice(),
      numEncoderEmbeds: this.numEncoderEmbeds,
    };
  }

  protected restoreShared(shared: ReturnType<ReplayState['snapshotShared']>): void {
    this.chain.set(shared.chain);
    this.state.set(shared.state);
    this.span.set(shared.span);
    this.numEncoderEmbeds = shared.numEncoderEmbeds;
    this.allChanged = true;
  }
}

/** Puts an item behind `before` − 1; 0 is the front. */
export function putBehind(list: IndexList, before: number, item: number): void {
  list.insertAfter(before === 0 ? list.sentinel : before - 1, item);
}

/** Makes a list hold just these, in their order. */
export function refill(list: IndexList, items: Int32Array): void {
  list.clear();
  for (const item of items) list.pushBack(item);
}
