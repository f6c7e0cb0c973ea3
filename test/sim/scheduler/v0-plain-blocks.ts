import type { V0PoolConfig } from '../../../sim/scheduler/v0/config.ts';

/** A sequence and its blocks. */
export interface PlainSequence {
  readonly row: number;
  readonly index: number;
  readonly tokens: string[];
  status: 'waiting' | 'running' | 'swapped' | 'finished';
  computed: number;
  isDecode: boolean;
  /** Ids on its device. */
  table: number[];
  isOnCpu: boolean;
  /** Tokens in its blocks. */
  filled: number;
  /** Time of the last step that scheduled it. */
  lastScheduled: number | null;
}

export type Fit = 'ok' | 'later' | 'never';

/** Blocks of a device. Free ones without content are a stack, the next one in front; with content, a list in order of release. */
class PlainDevice {
  readonly refs: number[];
  readonly free: number[];
  readonly evictor: { id: number; length: number; accessed: number }[] = [];
  readonly idOf = new Map<string, number>();
  readonly keyOf: (string | null)[];
  readonly accessed: number[];

  constructor(size: number) {
    this.refs = new Array(size).fill(0);
    this.free = Array.from({ length: size }, (_, i) => i);
    this.keyOf = new Array(size).fill(null);
    this.accessed = new Array(size).fill(-1);
  }

  get numFree(): number {
    return this.free.length + this.evictor.length;
  }

  take(): number {
    const id = this.free.shift() ?? this.evict();
    this.refs[id] = 1;
    this.accessed[id] = -1;
    return id;
  }

  /** The block with a content, or a new one for it. */
  takeContent(key: string): number {
    const id = this.idOf.get(key);
    if (id !== undefined) {
      this.hit(id);
      return id;
    }
    const fresh = this.take();
    this.idOf.set(key, fresh);
    this.keyOf[fresh] = key;
    return fresh;
  }

  hit(id: number): void {
    if (this.refs[id]++ > 0) return;
    this.evictor.splice(
      this.evictor.findIndex((entry) => entry.id === id),
      1,
    );
    this.accessed[id] = -1;
  }

  /** @param length tokens up to the block's end. */
  release(id: number, length: number): void {
    if (--this.refs[id] > 0) return;
    if (this.keyOf[id] === null) this.free.unshift(id);
    else {
      this.evictor.push({ id, length, accessed: this.accessed[id] });
      this.accessed[id] = -1;
    }
  }

  private evict(): number {
    let [candidate] = this.evictor;
    if (candidate === undefined) throw new Error('NoFreeBlocksError');
    for (const entry of this.evictor.slice(1)) {
      if (candidate.accessed < entry.accessed) break;
      if (entry.length > candidate.length) candidate = entry;
    }
    this.evictor.splice(this.evictor.indexOf(candidate), 1);
    this.idOf.delete(this.keyOf[candidate.id]!);
    this.keyOf[candidate.id] = null;
    return candidate.id;
  }
}

/** V0's block manager by its rules, with either allocator. */
export class PlainBlocks {
  readonly pool: V0PoolConfig;
  readonly gpu: PlainDevice;
  readonly cpu: PlainDevice;
  private readonly watermark: number;
  /** Stands for what left the sliding window; taken when somebody first appends, and never given back. */
  private nullBlock = -1;

  constructor(pool: V0PoolConfig) {
    this.pool = pool;
    this.gpu = new PlainDevice(pool.numGpuBlocks);
    this.cpu = new PlainDevice(pool.numCpuBlocks);
    this.watermark = Math.floor(pool.watermark * pool.numGpuBlocks);
  }

  newSequence(row: number, index: number, tokens: string[]): PlainSequence {
    return {
      row,
      index,
      tokens,
      status: 'waiting',
      computed: 0,
      isDecode: false,
      table: [],
      isOnCpu: false,
      filled: 0,
      lastScheduled: null,
    };
  }

  childOf(parent: PlainSequence, row: number, index: number): PlainSequence {
    const { status, computed, isDecode, lastScheduled } = parent;
    return {
      ...this.newSequence(row, index, [...parent.tokens]),
      status,
      computed,
      isDecode,
      lastScheduled,
    };
  }

  canAllocate({ tokens }: PlainSequence): Fit {
    const needed = Math.min(Math.ceil(tokens.length / this.pool.blockSize), this.mostInWindow);
    if (this.pool.numGpuBlocks - needed < this.watermark) return 'never';
    return this.gpu.numFree - needed >= this.watermark ? 'ok' : 'later';
  }

  allocate(seq: PlainSequence): void {
    seq.filled = seq.tokens.length;
    seq.isOnCpu = false;
    seq.lastScheduled = null;
    this.takeAll(seq, this.gpu, Math.ceil(seq.filled / this.pool.blockSize));
  }

  canAppend(seqs: readonly PlainSequence[], lookahead: number): boolean {
    return seqs.reduce((sum, seq) => sum + this.touched(seq, lookahead), 0) <= this.gpu.numFree;
  }

  append(seq: PlainSequence, lookahead: number): void {
    const { blockSize } = this.pool;
    const { gpu } = this;
    if (this.pool.slidingWindow !== null) this.dropOutsideWindow(seq);
    const unseen = seq.tokens.length - seq.filled;
    while (seq.table.length * blockSize - seq.filled < unseen + lookahead) seq.table.push(gpu.take());
    while (seq.filled < seq.tokens.length) {
      const at = Math.floor(seq.filled / blockSize);
      const end = (at + 1) * blockSize;
      const id = seq.table[at];
      if (gpu.refs[id] > 1) {
        gpu.refs[id]--;
        seq.table[at] = gpu.take();
      }
      seq.filled = Math.min(end, seq.tokens.length);
      if (seq.filled < end || !this.pool.enablePrefixCaching) continue;
      const key = keyOf(seq, end);
      const own = seq.table[at];
      const other = gpu.idOf.get(key);
      if (other === undefined) {
        gpu.idOf.set(key, own);
        gpu.keyOf[own] = key;
      } else {
        gpu.release(own, end);
        gpu.hit(other);
        seq.table[at] = other;
      }
    }
  }

  canSwapOut(seqs: readonly PlainSequence[]): boolean {
    return this.swapNeed(seqs, this.cpu, 0) <= this.cpu.numFree;
  }

  canSwapIn(seqs: readonly PlainSequence[], lookahead: number): Fit {
    const needed = this.swapNeed(seqs, this.gpu, lookahead);
    if (this.pool.numGpuBlocks < needed) return 'never';
    return this.gpu.numFree - needed >= this.watermark ? 'ok' : 'later';
  }

  /** To the other device. */
  swap(seq: PlainSequence): void {
    const { blockSize } = this.pool;
    const [from, to] = seq.isOnCpu ? [this.cpu, this.gpu] : [this.gpu, this.cpu];
    const { length } = seq.table;
    if (!seq.isOnCpu && seq.table.includes(this.nullBlock))
      throw new Error('the null block cannot be swapped');
    seq.table.forEach((id, i) => {
      from.release(id, (i + 1) * blockSize);
    });
    this.takeAll(seq, to, length);
    seq.isOnCpu = !seq.isOnCpu;
  }

  fork(parent: PlainSequence, child: PlainSequence): void {
    child.table = [...parent.table];
    child.filled = parent.filled;
    for (const id of child.table) this.gpu.refs[id]++;
  }

  free(seq: PlainSequence): void {
    const device = seq.isOnCpu ? this.cpu : this.gpu;
    if (seq.lastScheduled !== null) for (const id of seq.table) device.accessed[id] = seq.lastScheduled;
    seq.table.forEach((id, i) => {
      if (seq.isOnCpu || id !== this.nullBlock) device.release(id, (i + 1) * this.pool.blockSize);
    });
    seq.table = [];
    seq.filled = 0;
    seq.lastScheduled = null;
  }

  /** Blocks of a sequence that are looked for at its admission. */
  private get mostInWindow(): number {
    const { slidingWindow, blockSize } = this.pool;
    return slidingWindow === null ? Number.POSITIVE_INFINITY : Math.floor(slidingWindow / blockSize) + 2;
  }

  private dropOutsideWindow(seq: PlainSequence): void {
    if (this.nullBlock < 0) this.nullBlock = this.gpu.take();
    const end = Math.floor(seq.computed / this.pool.blockSize) - this.mostInWindow;
    for (let i = 0; i < end; i++) {
      if (seq.table[i] === this.nullBlock) continue;
      this.gpu.release(seq.table[i], 0);
      seq.table[i] = this.nullBlock;
    }
  }

  private takeAll(seq: PlainSequence, device: PlainDevice, count: number): void {
    const { blockSize, enablePrefixCaching } = this.pool;
    seq.table = Array.from({ length: count }, (_, i) => {
      const end = (i + 1) * blockSize;
      return enablePrefixCaching && end <= seq.filled ? device.takeContent(keyOf(seq, end)) : device.take();
    });
  }

  /** Blocks that are written to, own ones included. */
  private touched({ tokens, filled }: PlainSequence, lookahead: number): number {
    const { blockSize } = this.pool;
    const first = blockSize - (filled % blockSize);
    return 1 + Math.ceil((tokens.length - filled + lookahead - first) / blockSize);
  }

  private swapNeed(seqs: readonly PlainSequence[], to: PlainDevice, lookahead: number): number {
    const { blockSize, enablePrefixCaching } = this.pool;
    return seqs.reduce((sum, seq) => {
      let full = 0;
      for (let end = blockSize; end <= seq.filled; end += blockSize) {
        const there = enablePrefixCaching ? to.idOf.get(keyOf(seq, end)) : undefined;
        if (there === undefined || to.refs[there] === 0) full++;
      }
      return sum + full + this.touched(seq, lookahead);
    }, 0);
  }
}

function keyOf({ tokens }: PlainSequence, end: number): string {
  return tokens.slice(0, end).join(' ');
}
