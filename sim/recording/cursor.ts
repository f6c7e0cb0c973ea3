import { NULL_BLOCK } from '../pool/block-pool.ts';
import { BlockTables } from '../pool/block-tables.ts';
import { IndexList } from '../pool/index-list.ts';
import type { CursorApi } from './cursor-api.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, type Recording, RequestState } from './recording.ts';

/** Keyframes together take about this much memory at most, bytes. */
const KEYFRAME_BUDGET = 96 * 1024 * 1024;
const MIN_EVENTS_BETWEEN_KEYFRAMES = 4096;

/** A copy of the cursor's state at an event boundary. */
interface Keyframe {
  readonly refCount: Int32Array;
  readonly chain: Int32Array;
  readonly holderSum: Uint32Array;
  readonly state: Uint8Array;
  readonly span: Uint32Array;
  readonly freeQueue: Int32Array;
  readonly running: Int32Array;
  readonly waiting: Int32Array;
  readonly numEncoderEmbeds: number;
  /** group → tables of the running requests, one after the other, each with its length in front. */
  readonly tables: readonly Int32Array[];
}

/**
 * Replays a recording. Every event can be applied and undone in O(1), so stepping back costs what stepping
 * forward does; keyframes, kept on the way, bound a jump.
 */
export class Cursor implements CursorApi {
  readonly recording: Recording;
  readonly numBlocks: number;
  readonly refCount: Int32Array;
  readonly chain: Int32Array;
  readonly holderSum: Uint32Array;
  readonly state: Uint8Array;
  step = -1;
  /** Embeddings in the encoder cache, those that nobody refers to included. */
  numEncoderEmbeds = 0;

  private readonly freeList: IndexList;
  private readonly runningList: IndexList;
  private readonly waitingList: IndexList;
  /** group → block tables of running requests. */
  private readonly tables: readonly BlockTables[];
  /** request → row of its span + 1. */
  private readonly span: Uint32Array;
  /** Events applied so far. */
  private position = 0;

  private readonly keyframes: Keyframe[] = [];
  private readonly keyframeInterval: number;

  private readonly changed: Int32Array;
  private readonly isChanged: Uint8Array;
  private numChanged = 0;
  private allChanged = true;

  constructor(recording: Recording) {
    const numRequests = recording.requestIds.length;
    const { numGpuBlocks, groups } = recording.header.pool;
    this.recording = recording;
    this.numBlocks = numGpuBlocks;
    this.refCount = new Int32Array(numGpuBlocks);
    this.chain = new Int32Array(numGpuBlocks);
    this.holderSum = new Uint32Array(numGpuBlocks);
    this.state = new Uint8Array(numRequests);
    this.span = new Uint32Array(numRequests);
    this.freeList = new IndexList(numGpuBlocks);
    for (let block = 1; block < numGpuBlocks; block++) this.freeList.pushBack(block);
    this.runningList = new IndexList(numRequests);
    this.waitingList = new IndexList(numRequests);
    this.tables = groups.map(() => new BlockTables(numRequests));
    this.changed = new Int32Array(numGpuBlocks);
    this.isChanged = new Uint8Array(numGpuBlocks);

    const keyframeBytes = numGpuBlocks * 16 + numRequests * 5;
    const most = Math.max(2, Math.floor(KEYFRAME_BUDGET / keyframeBytes));
    this.keyframeInterval = Math.max(MIN_EVENTS_BETWEEN_KEYFRAMES, Math.ceil(recording.numEvents / most));
    this.keyframes.push(this.snapshot());
  }

  get numSteps(): number {
    return this.recording.numSteps;
  }
  get numRunning(): number {
    return this.runningList.length;
  }
  get numWaiting(): number {
    return this.waitingList.length;
  }
  get numFree(): number {
    return this.freeList.length;
  }

  seek(step: number): void {
    const { numSteps, numEvents, steps } = this.recording;
    this.step = Math.max(-1, Math.min(numSteps, Math.trunc(step)));
    if (this.step < 0) this.moveTo(0);
    else this.moveTo(this.step === numSteps ? numEvents : steps.scheduleEnd[this.step]);
  }

  /** Goes to the end of the current step, when its outputs have been applied; `step` stays. */
  applyOutputs(): void {
    if (this.step >= 0 && this.step < this.numSteps) this.moveTo(this.recording.steps.eventEnd[this.step]);
  }

  running(): IterableIterator<number> {
    return this.runningList[Symbol.iterator]();
  }

  waiting(): IterableIterator<number> {
    if (this.recording.header.scheduler.policy === 'fcfs') return this.waitingList[Symbol.iterator]();
    const { requestIds, requests } = this.recording;
    const { priority, arrivalNs } = requests;
    const byUrgency = (a: number, b: number) =>
      priority[a] - priority[b] || arrivalNs[a] - arrivalNs[b] || (requestIds[a] < requestIds[b] ? -1 : 1);
    return [...this.waitingList].sort(byUrgency)[Symbol.iterator]();
  }

  freeQueue(): IterableIterator<number> {
    return this.freeList[Symbol.iterator]();
  }

  table(request: number, group = 0): Int32Array {
    const tables = this.tables[group];
    return tables.table[request].subarray(0, tables.length[request]);
  }

  numComputedTokens(request: number): number {
    if (this.state[request] !== RequestState.Running) return 0;
    const { step, computed, tokens, rate } = this.recording.spans;
    const row = this.span[request] - 1;
    if (row < 0) return 0;
    const later = this.step - step[row];
    return later <= 0 ? computed[row] : computed[row] + tokens[row] + rate[row] * (later - 1);
  }

  numScheduledTokens(request: number): number {
    if (this.state[request] !== RequestState.Running || this.step >= this.numSteps) return 0;
    const { step, tokens, rate } = this.recording.spans;
    const row = this.span[request] - 1;
    if (row < 0) return 0;
    return this.step === step[row] ? tokens[row] : rate[row];
  }

  holders(block: number): number[] {
    const count = this.refCount[block];
    if (block === NULL_BLOCK || count === 0) return [];
    if (count === 1) return [this.holderSum[block]];
    const holders: number[] = [];
    for (const request of this.runningList) {
      if (this.tables.some((_, group) => this.table(request, group).includes(block))) holders.push(request);
    }
    return holders;
  }

  fill(block: number): number {
    const { groups } = this.recording.header.pool;
    if (this.chain[block] !== 0 || this.refCount[block] === 0)
      return this.chain[block] === 0 ? 0 : this.blockSizeOf(block);
    const [holder] = this.holders(block);
    for (let group = 0; group < groups.length; group++) {
      const at = this.table(holder, group).lastIndexOf(block);
      if (at < 0) continue;
      const { blockSize } = groups[group];
      const tokens = this.numComputedTokens(holder) + this.numScheduledTokens(holder);
      return Math.max(0, Math.min(blockSize, tokens - at * blockSize));
    }
    return 0;
  }

  takeChanges(): { all: boolean; count: number; blocks: Int32Array } {
    const all = this.allChanged;
    const count = all ? 0 : this.numChanged;
    for (let i = 0; i < this.numChanged; i++) this.isChanged[this.changed[i]] = 0;
    this.numChanged = 0;
    this.allChanged = false;
    return { all, count, blocks: this.changed };
  }

  /** Tokens per block of the group that a cached block belongs to; groups of unequal size are told by the holder. */
  private blockSizeOf(block: number): number {
    const { groups } = this.recording.header.pool;
    if (groups.length === 1 || this.refCount[block] === 0) return groups[0].blockSize;
    const [holder] = this.holders(block);
    const group = this.tables.findIndex((_, id) => this.table(holder, id).includes(block));
    return groups[Math.max(0, group)].blockSize;
  }

  private moveTo(target: number): void {
    const at = Math.floor(target / this.keyframeInterval);
    const nearest = Math.min(at, this.keyframes.length - 1);
    const start = nearest * this.keyframeInterval;
    if (Math.abs(target - this.position) > target - start + this.keyframeInterval / 8) {
      this.restore(this.keyframes[nearest]);
      this.position = start;
    }
    while (this.position < target) {
      this.apply(this.position++);
      if (this.position === this.keyframes.length * this.keyframeInterval)
        this.keyframes.push(this.snapshot());
    }
    while (this.position > target) this.undo(--this.position);
  }

  private apply(event: number): void {
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

  private undo(event: number): void {
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

  private mark(block: number): void {
    if (this.isChanged[block] !== 0) return;
    this.isChanged[block] = 1;
    this.changed[this.numChanged++] = block;
  }

  private snapshot(): Keyframe {
    return {
      refCount: this.refCount.slice(),
      chain: this.chain.slice(),
      holderSum: this.holderSum.slice(),
      state: this.state.slice(),
      span: this.span.slice(),
      freeQueue: Int32Array.from(this.freeList),
      running: Int32Array.from(this.runningList),
      waiting: Int32Array.from(this.waitingList),
      numEncoderEmbeds: this.numEncoderEmbeds,
      tables: this.tables.map((_, group) =>
        Int32Array.from(
          [...this.runningList].flatMap((r) => [this.table(r, group).length, ...this.table(r, group)]),
        ),
      ),
    };
  }

  private restore(keyframe: Keyframe): void {
    // Tables that are not in the keyframe must be empty: only running requests have any.
    for (const request of this.runningList) this.forgetTables(request);
    this.refCount.set(keyframe.refCount);
    this.chain.set(keyframe.chain);
    this.holderSum.set(keyframe.holderSum);
    this.state.set(keyframe.state);
    this.span.set(keyframe.span);
    this.numEncoderEmbeds = keyframe.numEncoderEmbeds;
    refill(this.freeList, keyframe.freeQueue);
    refill(this.runningList, keyframe.running);
    refill(this.waitingList, keyframe.waiting);
    keyframe.tables.forEach((packed, group) => {
      let at = 0;
      for (const request of keyframe.running) {
        const end = at + 1 + packed[at];
        for (at++; at < end; at++) this.tables[group].append(request, packed[at]);
      }
    });
    this.allChanged = true;
  }
}

function putBehind(list: IndexList, before: number, item: number): void {
  list.insertAfter(before === 0 ? list.sentinel : before - 1, item);
}

function refill(list: IndexList, items: Int32Array): void {
  list.clear();
  for (const item of items) list.pushBack(item);
}
