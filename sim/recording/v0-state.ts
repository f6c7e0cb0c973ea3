import { BlockTables } from '../pool/block-tables.ts';
import { IndexList } from '../pool/index-list.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, NO_OWNER, RequestState, unpackMove } from './events.ts';
import type { Recording } from './recording.ts';
import { putBehind, ReplayState, refill } from './replay-state.ts';
import { Device, Move, Queue, Replace } from './v0-listener.ts';

const NO_BLOCK = -1;

interface V0Snapshot extends ReturnType<V0State['snapshotShared']> {
  /** Not to be counted from the tables: one that is released piece by piece still names what it gave up. */
  readonly refCount: Int32Array;
  readonly holderSum: Uint32Array;
  readonly stacks: readonly Int32Array[];
  readonly evictors: readonly Int32Array[];
  readonly queues: readonly Int32Array[];
  readonly numPreemptions: Int32Array;
  readonly nullBlock: number;
  /** Sequences with tables, and the tables one after the other, each with its length in front. */
  readonly owners: Int32Array;
  readonly tables: Int32Array;
}

/**
 * Blocks and queues of V0. Blocks of the CPU are numbered behind those of the GPU. Per device, free blocks are a
 * stack, and behind it the evictor's, whose content is still known.
 */
export class V0State extends ReplayState {
  readonly runningList: IndexList;
  readonly waitingList: IndexList;
  readonly swappedList: IndexList;
  nullBlock = NO_BLOCK;

  private readonly numGpuBlocks: number;
  /** device → free blocks that hold nothing, the next one in front; numbered as on the device. */
  private readonly stacks: readonly IndexList[];
  /** device → free blocks with content, in the order in which they came. */
  private readonly evictors: readonly IndexList[];
  /** sequence → its blocks. */
  private readonly tables: BlockTables;
  /** request → its first sequence; one entry more than requests. */
  private readonly firstSequence: Int32Array;
  private readonly requestOf: Int32Array;
  /** request → times that it lost its blocks; tells a waiting request from a preempted one. */
  private readonly numPreemptions: Int32Array;

  constructor(recording: Recording) {
    super(recording);
    const { requests, requestIds, header } = recording;
    const numRequests = requestIds.length;
    const { numGpuBlocks } = header.pool;
    this.numGpuBlocks = numGpuBlocks;
    const sizes = [numGpuBlocks, header.v0?.numCpuBlocks ?? 0];
    this.stacks = sizes.map((size) => {
      const stack = new IndexList(size);
      for (let block = 0; block < size; block++) stack.pushBack(block);
      return stack;
    });
    this.evictors = sizes.map((size) => new IndexList(size));
    this.runningList = new IndexList(numRequests);
    this.waitingList = new IndexList(numRequests);
    this.swappedList = new IndexList(numRequests);
    this.firstSequence = new Int32Array(numRequests + 1);
    for (let request = 0; request < numRequests; request++) {
      this.firstSequence[request + 1] =
        this.firstSequence[request] + Math.max(1, requests.numSequences[request]);
    }
    const numSequences = this.firstSequence[numRequests];
    this.requestOf = new Int32Array(numSequences);
    for (let request = 0; request < numRequests; request++) {
      this.requestOf.fill(request, this.firstSequence[request], this.firstSequence[request + 1]);
    }
    this.tables = new BlockTables(numSequences);
    this.numPreemptions = new Int32Array(numRequests);
  }

  get numFree(): number {
    return this.stacks[Device.Gpu].length + this.evictors[Device.Gpu].length;
  }

  get numFreeCpu(): number {
    return this.stacks[Device.Cpu].length + this.evictors[Device.Cpu].length;
  }

  get snapshotBytes(): number {
    return this.refCount.length * 20 + this.state.length * 9;
  }

  *freeBlocks(): IterableIterator<number> {
    yield* this.stacks[Device.Gpu];
    yield* this.evictors[Device.Gpu];
  }

  copyFreeBlocks(): Int32Array {
    return Int32Array.from(this.freeBlocks());
  }

  freeBefore(block: number): number {
    const [stack, evictor] = [this.stacks[Device.Gpu], this.evictors[Device.Gpu]];
    const list = this.chain[block] === 0 ? stack : evictor;
    let before = list.prev[block];
    // Behind the stack comes the evictor.
    if (list === evictor && before === evictor.sentinel) before = stack.prev[stack.sentinel];
    return before === stack.sentinel ? NO_BLOCK : before;
  }

  numTables(request: number): number {
    return this.firstSequence[request + 1] - this.firstSequence[request];
  }

  table(request: number, which: number): Int32Array {
    const sequence = this.firstSequence[request] + which;
    return this.tables.table[sequence].subarray(0, this.tables.length[sequence]);
  }

  blockSizeOfTable(): number {
    return this.recording.header.pool.groups[0].blockSize;
  }

  apply(event: number): void {
    const { events } = this.recording;
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Reject:
        this.state[a] = RequestState.Ended;
        break;
      case EventKind.Span:
        this.span[a] = b + 1;
        break;
      case EventKind.Move: {
        const { why, from, to } = unpackMove(detail);
        this.listOf(from)?.remove(a);
        if (why === Move.Recompute || why === Move.ForceRecompute) this.numPreemptions[a]++;
        const list = this.listOf(to);
        if (list !== null) putBehind(list, c, a);
        this.state[a] = this.stateAfter(a, why, to);
        break;
      }
      case EventKind.Allocate:
        this.take(detail, b, c);
        if (a === NO_OWNER) this.nullBlock = b;
        else this.own(a, detail, b);
        break;
      case EventKind.Hit:
        this.takeCached(detail, b, c);
        this.own(a, detail, b);
        break;
      case EventKind.Free:
        if (!this.isNull(detail, b)) this.letGo(a, detail, b);
        // Released from the front: with its last entry the table is empty.
        if (c + 1 === this.tables.length[a]) this.tables.clear(a);
        break;
      case EventKind.Replace:
        this.letGo(a, Device.Gpu, b);
        break;
      case EventKind.ReplaceWith:
        if (detail === Replace.Copy) this.take(Device.Gpu, b, c);
        else if (detail === Replace.Promote) this.takeCached(Device.Gpu, b, c);
        if (detail !== Replace.Null) this.holderSum[b] += this.requestOf[a];
        this.tables.table[a][events.c[event - 1]] = b;
        break;
      case EventKind.Fork: {
        const table = this.tables.table[a];
        const length = this.tables.length[a];
        for (let i = 0; i < length; i++) {
          this.tables.append(b, table[i]);
          if (this.isNull(Device.Gpu, table[i])) continue;
          this.refCount[table[i]]++;
          this.holderSum[table[i]] += this.requestOf[b];
          this.mark(table[i]);
        }
        break;
      }
      case EventKind.Cache:
        this.chain[this.globalId(detail, b)] = c;
        this.mark(this.globalId(detail, b));
        break;
      case EventKind.Evict:
        this.evictors[detail].remove(b);
        this.chain[this.globalId(detail, b)] = 0;
        this.mark(this.globalId(detail, b));
        break;
    }
  }

  undo(event: number): void {
    const { events, spans } = this.recording;
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Reject:
        this.state[a] = RequestState.NotArrived;
        break;
      case EventKind.Span:
        this.span[a] = spans.previous[b];
        break;
      case EventKind.Move: {
        const { why, from, to } = unpackMove(detail);
        this.listOf(to)?.remove(a);
        if (why === Move.Recompute || why === Move.ForceRecompute) this.numPreemptions[a]--;
        const list = this.listOf(from);
        if (list !== null) putBehind(list, b, a);
        this.state[a] = this.stateBefore(a, why, from, to);
        break;
      }
      case EventKind.Allocate:
        if (a === NO_OWNER) this.nullBlock = NO_BLOCK;
        else this.disown(a, detail, b);
        this.untake(detail, b, c);
        break;
      case EventKind.Hit:
        this.disown(a, detail, b);
        this.untakeCached(detail, b, c);
        break;
      case EventKind.Free:
        // The last of a table's entries is undone first; those in front of it follow.
        while (this.tables.length[a] <= c) this.tables.append(a, NO_BLOCK);
        this.tables.table[a][c] = this.globalId(detail, b);
        if (!this.isNull(detail, b)) this.takeBack(a, detail, b);
        break;
      case EventKind.Replace:
        this.tables.table[a][c] = b;
        this.takeBack(a, Device.Gpu, b);
        break;
      case EventKind.ReplaceWith:
        if (detail !== Replace.Null) this.holderSum[b] -= this.requestOf[a];
        if (detail === Replace.Copy) this.untake(Device.Gpu, b, c);
        else if (detail === Replace.Promote) this.untakeCached(Device.Gpu, b, c);
        break;
      case EventKind.Fork:
        for (const block of this.tables.table[b].subarray(0, this.tables.length[b])) {
          if (this.isNull(Device.Gpu, block)) continue;
          this.refCount[block]--;
          this.holderSum[block] -= this.requestOf[b];
          this.mark(block);
        }
        this.tables.clear(b);
        break;
      case EventKind.Cache:
        this.chain[this.globalId(detail, b)] = 0;
        this.mark(this.globalId(detail, b));
        break;
      case EventKind.Evict:
        putBehind(this.evictors[detail], a, b);
        this.chain[this.globalId(detail, b)] = c;
        this.mark(this.globalId(detail, b));
        break;
    }
  }

  snapshot(): V0Snapshot {
    const owners = Int32Array.from(
      [...this.tables.length.keys()].filter((sequence) => this.tables.length[sequence] > 0),
    );
    return {
      ...this.snapshotShared(),
      refCount: this.refCount.slice(),
      holderSum: this.holderSum.slice(),
      stacks: this.stacks.map((list) => list.toArray()),
      evictors: this.evictors.map((list) => list.toArray()),
      queues: this.queues.map((list) => list.toArray()),
      numPreemptions: this.numPreemptions.slice(),
      nullBlock: this.nullBlock,
      owners,
      tables: this.tables.pack(owners),
    };
  }

  restore(snapshot: V0Snapshot): void {
    for (let s = 0; s < this.requestOf.length; s++) this.tables.clear(s);
    this.restoreShared(snapshot);
    this.refCount.set(snapshot.refCount);
    this.holderSum.set(snapshot.holderSum);
    refillAll(this.stacks, snapshot.stacks);
    refillAll(this.evictors, snapshot.evictors);
    refillAll(this.queues, snapshot.queues);
    this.numPreemptions.set(snapshot.numPreemptions);
    this.nullBlock = snapshot.nullBlock;
    this.tables.unpack(snapshot.owners, snapshot.tables);
  }

  private get queues(): readonly IndexList[] {
    return [this.waitingList, this.runningList, this.swappedList];
  }

  private listOf(queue: Queue): IndexList | null {
    return queue === Queue.None ? null : this.queues[queue - 1];
  }

  private stateAfter(request: number, why: Move, to: Queue): RequestState {
    if (to !== Queue.None) return this.stateIn(request, to);
    if (why === Move.Recompute || why === Move.ForceRecompute) return RequestState.Preempted;
    return why === Move.SwapOut || why === Move.ForceSwapOut ? RequestState.Swapped : RequestState.Ended;
  }

  private stateBefore(request: number, why: Move, from: Queue, to: Queue): RequestState {
    if (from !== Queue.None) return this.stateIn(request, from);
    if (why === Move.Arrive) return RequestState.NotArrived;
    if (why !== Move.Requeue) return RequestState.Ended;
    return to === Queue.Swapped ? RequestState.Swapped : RequestState.Preempted;
  }

  private stateIn(request: number, queue: Queue): RequestState {
    if (queue === Queue.Running) return RequestState.Running;
    if (queue === Queue.Swapped) return RequestState.Swapped;
    return this.numPreemptions[request] > 0 ? RequestState.Preempted : RequestState.Waiting;
  }

  private globalId(device: number, block: number): number {
    return device === Device.Cpu ? block + this.numGpuBlocks : block;
  }

  private isNull(device: number, block: number): boolean {
    return device === Device.Gpu && block === this.nullBlock;
  }

  /** A block leaves the stack, unless it was emptied by the Evict before. */
  private take(device: number, block: number, wasEvicted: number): void {
    if (wasEvicted === 0) this.stacks[device].remove(block);
    this.refCount[this.globalId(device, block)]++;
    this.mark(this.globalId(device, block));
  }

  private untake(device: number, block: number, wasEvicted: number): void {
    this.refCount[this.globalId(device, block)]--;
    if (wasEvicted === 0) this.stacks[device].pushFront(block);
    this.mark(this.globalId(device, block));
  }

  /** One holder more for a cached block; `place` as in Hit. */
  private takeCached(device: number, block: number, place: number): void {
    if (place > 0) this.evictors[device].remove(block);
    this.refCount[this.globalId(device, block)]++;
    this.mark(this.globalId(device, block));
  }

  private untakeCached(device: number, block: number, place: number): void {
    this.refCount[this.globalId(device, block)]--;
    if (place > 0) putBehind(this.evictors[device], place - 1, block);
    this.mark(this.globalId(device, block));
  }

  private own(sequence: number, device: number, block: number): void {
    const id = this.globalId(device, block);
    this.tables.append(sequence, id);
    this.holderSum[id] += this.requestOf[sequence];
  }

  private disown(sequence: number, device: number, block: number): void {
    this.tables.pop(sequence);
    if (this.tables.length[sequence] === 0) this.tables.clear(sequence);
    this.holderSum[this.globalId(device, block)] -= this.requestOf[sequence];
  }

  private letGo(sequence: number, device: number, block: number): void {
    const id = this.globalId(device, block);
    this.holderSum[id] -= this.requestOf[sequence];
    if (--this.refCount[id] === 0) {
      if (this.chain[id] !== 0) this.evictors[device].pushBack(block);
      else this.stacks[device].pushFront(block);
    }
    this.mark(id);
  }

  private takeBack(sequence: number, device: number, block: number): void {
    const id = this.globalId(device, block);
    if (this.refCount[id]++ === 0) {
      if (this.chain[id] !== 0) this.evictors[device].remove(block);
      else this.stacks[device].remove(block);
    }
    this.holderSum[id] += this.requestOf[sequence];
    this.mark(id);
  }
}

function refillAll(lists: readonly IndexList[], items: readonly Int32Array[]): void {
  for (let i = 0; i < lists.length; i++) refill(lists[i], items[i]);
}
