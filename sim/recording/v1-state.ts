import { NULL_BLOCK } from '../pool/block-pool.ts';
import { BlockTables } from '../pool/block-tables.ts';
import { IndexList } from '../pool/index-list.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, RequestState } from './events.ts';
import type { Recording } from './recording.ts';
import { putBehind, ReplayState, refill } from './replay-state.ts';

interface V1Snapshot extends ReturnType<V1State['snapshotShared']> {
  readonly freeQueue: Int32Array;
  readonly running: Int32Array;
  readonly waiting: Int32Array;
  /** group → packed tables of the running requests. */
  readonly tables: readonly Int32Array[];
}

/** Blocks and queues of V1. Block 0 is the null block. */
export class V1State extends ReplayState {
  readonly runningList: IndexList;
  readonly waitingList: IndexList;
  readonly swappedList = null;
  readonly numFreeCpu = 0;
  readonly nullBlock = NULL_BLOCK;
  private readonly freeList: IndexList;
  /** group → block tables of running requests. */
  private readonly tables: readonly BlockTables[];

  constructor(recording: Recording) {
    super(recording);
    const numRequests = recording.requestIds.length;
    const { numGpuBlocks, groups } = recording.header.pool;
    this.freeList = new IndexList(numGpuBlocks);
    for (let block = 1; block < numGpuBlocks; block++) this.freeList.pushBack(block);
    this.runningList = new IndexList(numRequests);
    this.waitingList = new IndexList(numRequests);
    this.tables = groups.map(() => new BlockTables(numRequests));
  }

  get numFree(): number {
    return this.freeList.length;
  }

  get snapshotBytes(): number {
    return this.refCount.length * 8 + this.state.length * 5;
  }

  freeBlocks(): IterableIterator<number> {
    return this.freeList[Symbol.iterator]();
  }

  copyFreeBlocks(): Int32Array {
    return this.freeList.toArray();
  }

  freeBefore(block: number): number {
    const before = this.freeList.prev[block];
    return before === this.freeList.sentinel ? -1 : before;
  }

  numTables(): number {
    return this.tables.length;
  }

  table(request: number, group: number): Int32Array {
    const tables = this.tables[group];
    return tables.table[request].subarray(0, tables.length[request]);
  }

  blockSizeOfTable(group: number): number {
    return this.recording.header.pool.groups[group].blockSize;
  }

  apply(event: number): void {
    const { events } = this.recording;
    const kind = events.kind[event] & KIND_MASK;
    const high = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    switch (kind) {
      case EventKind.Arrive:
        this.state[a] = RequestState.Waiting;
        this.waitingList.pushBack(a);
        break;
      case EventKind.Reject:
        this.state[a] = RequestState.Ended;
        break;
      case EventKind.Admit:
        this.state[a] = RequestState.Running;
        this.waitingList.remove(a);
        this.runningList.pushBack(a);
        break;
      case EventKind.Span:
        this.span[a] = b + 1;
        break;
      case EventKind.Allocate:
        this.chain[b] = 0;
        this.hold(high, a, b);
        break;
      case EventKind.Hit:
        this.hold(high, a, b);
        break;
      case EventKind.Null:
        this.tables[high].append(a, NULL_BLOCK);
        break;
      case EventKind.Cache:
        this.chain[b] = c;
        this.mark(b);
        break;
      case EventKind.Evict:
        this.chain[b] = 0;
        this.mark(b);
        break;
      case EventKind.EncoderCompute:
        this.numEncoderEmbeds += c;
        break;
      case EventKind.EncoderEvict:
        this.numEncoderEmbeds -= c;
        break;
      case EventKind.Free:
        this.tables[high].pop(a);
        if (b !== NULL_BLOCK) this.letGo(a, b);
        break;
      case EventKind.Drop:
        this.tables[high].table[a][c] = NULL_BLOCK;
        this.letGo(a, b);
        break;
      case EventKind.Preempt:
        this.state[a] = RequestState.Preempted;
        this.runningList.remove(a);
        this.waitingList.pushFront(a);
        this.forgetTables(a);
        break;
      case EventKind.Finish:
      case EventKind.Abort:
        this.listOf(high).remove(a);
        this.state[a] = RequestState.Ended;
        this.forgetTables(a);
        break;
    }
  }

  undo(event: number): void {
    const { events, spans } = this.recording;
    const kind = events.kind[event] & KIND_MASK;
    const high = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    switch (kind) {
      case EventKind.Arrive:
        this.state[a] = RequestState.NotArrived;
        this.waitingList.remove(a);
        break;
      case EventKind.Reject:
        this.state[a] = RequestState.NotArrived;
        break;
      case EventKind.Admit:
        this.state[a] = high;
        this.runningList.remove(a);
        putBehind(this.waitingList, c, a);
        this.forgetTables(a);
        break;
      case EventKind.Span:
        this.span[a] = spans.previous[b];
        break;
      case EventKind.Allocate:
        this.unhold(high, a, b, this.freeList.sentinel + 1);
        this.chain[b] = c;
        break;
      case EventKind.Hit:
        this.unhold(high, a, b, c);
        break;
      case EventKind.Null:
        this.tables[high].pop(a);
        break;
      case EventKind.Cache:
        this.chain[b] = 0;
        this.mark(b);
        break;
      case EventKind.Evict:
        this.chain[b] = c;
        this.mark(b);
        break;
      case EventKind.EncoderCompute:
        this.numEncoderEmbeds -= c;
        break;
      case EventKind.EncoderEvict:
        this.numEncoderEmbeds += c;
        break;
      case EventKind.Free:
        this.tables[high].append(a, b);
        if (b !== NULL_BLOCK) this.takeBack(a, b);
        break;
      case EventKind.Drop:
        this.tables[high].table[a][c] = b;
        this.takeBack(a, b);
        break;
      case EventKind.Preempt:
        this.state[a] = RequestState.Running;
        this.waitingList.remove(a);
        putBehind(this.runningList, c, a);
        break;
      case EventKind.Finish:
      case EventKind.Abort:
        this.state[a] = high;
        putBehind(this.listOf(high), c, a);
        break;
    }
  }

  /** Hands back the room of tables that are empty, or about to be replaced. */
  private forgetTables(request: number): void {
    for (const tables of this.tables) tables.clear(request);
  }

  private listOf(state: number): IndexList {
    return state === RequestState.Running ? this.runningList : this.waitingList;
  }

  /** One more holder, at the end of its table; a free block leaves the queue. */
  private hold(group: number, request: number, block: number): void {
    if (this.refCount[block]++ === 0) this.freeList.remove(block);
    this.holderSum[block] += request;
    this.tables[group].append(request, block);
    this.mark(block);
  }

  /** Undoes hold(); `before` is the block's place in the queue as Hit gives it. */
  private unhold(group: number, request: number, block: number, before: number): void {
    this.tables[group].pop(request);
    this.holderSum[block] -= request;
    if (--this.refCount[block] === 0) this.freeList.insertAfter(before - 1, block);
    this.mark(block);
  }

  private letGo(request: number, block: number): void {
    this.holderSum[block] -= request;
    if (--this.refCount[block] === 0) this.freeList.pushBack(block);
    this.mark(block);
  }

  private takeBack(request: number, block: number): void {
    this.holderSum[block] += request;
    if (this.refCount[block]++ === 0) this.freeList.remove(block);
    this.mark(block);
  }

  /** refCount and holderSum from the tables. */
  private countHolders(): void {
    this.refCount.fill(0);
    this.holderSum.fill(0);
    for (const request of this.runningList) {
      for (let group = 0; group < this.tables.length; group++) {
        for (const block of this.table(request, group)) {
          if (block === NULL_BLOCK) continue;
          this.refCount[block]++;
          this.holderSum[block] += request;
        }
      }
    }
  }

  snapshot(): V1Snapshot {
    const running = this.runningList.toArray();
    return {
      ...this.snapshotShared(),
      freeQueue: this.freeList.toArray(),
      running,
      waiting: this.waitingList.toArray(),
      tables: this.tables.map((tables) => tables.pack(running)),
    };
  }

  restore(snapshot: V1Snapshot): void {
    // Tables that are not in the snapshot must be empty: only running requests have any.
    for (const request of this.runningList) this.forgetTables(request);
    this.restoreShared(snapshot);
    refill(this.freeList, snapshot.freeQueue);
    refill(this.runningList, snapshot.running);
    refill(this.waitingList, snapshot.waiting);
    this.tables.forEach((tables, group) => {
      tables.unpack(snapshot.running, snapshot.tables[group]);
    });
    this.countHolders();
  }
}
