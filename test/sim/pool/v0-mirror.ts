import { expect } from 'vitest';
import type { BlockSpaceManager } from '../../../sim/pool/v0/block-space-manager.ts';
import type { CachingAllocator } from '../../../sim/pool/v0/caching-allocator.ts';
import {
  Device,
  FRONT,
  NO_SEQUENCE,
  NOWHERE,
  Queue,
  type V0Listener,
} from '../../../sim/recording/v0-listener.ts';
import type { Queues } from '../../../sim/scheduler/v0/queues.ts';

/** As expect, but a thousand times a run without being felt. */
export function must(condition: boolean): void {
  if (!condition) expect.fail('the events and the state differ');
}

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

type Event = { [Name in keyof V0Listener]: [Name, ...Parameters<V0Listener[Name]>] }[keyof V0Listener];

/** The blocks of one device as the events tell of them. */
class Pool {
  readonly stack: number[];
  readonly evictor: number[] = [];
  readonly chains = new Map<number, number>();
  readonly refCount: number[];
  /** Evicted, and not yet given to anybody. */
  inHand = NOWHERE;

  constructor(numBlocks: number) {
    this.stack = Array.from({ length: numBlocks }, (_, i) => numBlocks - 1 - i);
    this.refCount = new Array(numBlocks).fill(0);
  }

  take(block: number): void {
    must(this.refCount[block] === 0);
    if (this.inHand === NOWHERE) must(this.stack.pop() === block);
    else must(this.inHand === block);
    this.inHand = NOWHERE;
    this.refCount[block] = 1;
  }

  untake(block: number, wasEvicted: boolean): void {
    this.refCount[block] = 0;
    if (wasEvicted) this.inHand = block;
    else this.stack.push(block);
  }

  hit(block: number, before: number): void {
    if (before === NOWHERE) must(this.refCount[block] > 0);
    else this.leaveEvictor(block, before);
    this.refCount[block]++;
  }

  unhit(block: number, before: number): void {
    this.refCount[block]--;
    if (before !== NOWHERE) this.enterEvictor(block, before);
  }

  release(block: number): void {
    must(this.refCount[block] > 0);
    if (--this.refCount[block] === 0) (this.chains.has(block) ? this.evictor : this.stack).push(block);
  }

  unrelease(block: number): void {
    if (this.refCount[block]++ > 0) return;
    must((this.chains.has(block) ? this.evictor : this.stack).pop() === block);
  }

  leaveEvictor(block: number, before: number): void {
    const at = this.evictor.indexOf(block);
    must((this.evictor[at - 1] ?? FRONT) === before);
    this.evictor.splice(at, 1);
  }

  enterEvictor(block: number, before: number): void {
    this.evictor.splice(before === FRONT ? 0 : this.evictor.indexOf(before) + 1, 0, block);
  }
}

/** A reader of V0's events, which can go back as well: what they say must be what is. */
export class V0Mirror implements V0Listener {
  readonly events: Event[] = [];
  readonly pools: readonly [Pool, Pool];
  readonly tables = new Map<number, number[]>();
  readonly deviceOf = new Map<number, Device>();
  readonly queues: number[][] = [[], [], [], []];
  nullBlock = -1;

  constructor(numGpuBlocks: number, numCpuBlocks: number) {
    this.pools = [new Pool(numGpuBlocks), new Pool(numCpuBlocks)];
  }

  table(sequence: number): number[] {
    let table = this.tables.get(sequence);
    if (table === undefined) {
      table = [];
      this.tables.set(sequence, table);
    }
    return table;
  }

  move(...event: Parameters<V0Listener['move']>): void {
    this.events.push(['move', ...event]);
    const [request, , from, before, to, after] = event;
    this.leave(request, from, before);
    this.enter(request, to, after);
  }

  take(...event: Parameters<V0Listener['take']>): void {
    this.events.push(['take', ...event]);
    const [sequence, device, position, block] = event;
    this.pools[device].take(block);
    if (sequence === NO_SEQUENCE) this.nullBlock = block;
    else this.append(sequence, device, position, block);
  }

  hit(...event: Parameters<V0Listener['hit']>): void {
    this.events.push(['hit', ...event]);
    const [sequence, device, position, block, before] = event;
    this.pools[device].hit(block, before);
    this.append(sequence, device, position, block);
  }

  replace(...event: Parameters<V0Listener['replace']>): void {
    this.events.push(['replace', ...event]);
    const [sequence, why, position, old, block, before] = event;
    const pool = this.pools[Device.Gpu];
    must(this.table(sequence)[position] === old);
    this.table(sequence)[position] = block;
    if (why === 0) must(pool.refCount[old] > 1);
    pool.release(old);
    if (why === 0) pool.take(block);
    if (why === 1) pool.hit(block, before);
    if (why === 2) must(block === this.nullBlock);
  }

  release(...event: Parameters<V0Listener['release']>): void {
    this.events.push(['release', ...event]);
    const [sequence, device, , block] = event;
    must(this.table(sequence).shift() === block);
    if (!this.isNull(device, block)) this.pools[device].release(block);
  }

  fork(parent: number, child: number): void {
    this.events.push(['fork', parent, child]);
    must(this.table(child).length === 0);
    this.tables.set(child, [...this.table(parent)]);
    this.deviceOf.set(child, Device.Gpu);
    for (const block of this.table(parent)) {
      if (block !== this.nullBlock) this.pools[Device.Gpu].refCount[block]++;
    }
  }

  cache(...event: Parameters<V0Listener['cache']>): void {
    this.events.push(['cache', ...event]);
    const [device, block, chain] = event;
    must(!this.pools[device].chains.has(block));
    this.pools[device].chains.set(block, chain);
  }

  evict(...event: Parameters<V0Listener['evict']>): void {
    this.events.push(['evict', ...event]);
    const [device, block, chain, before] = event;
    const pool = this.pools[device];
    must(pool.stack.length === 0);
    must(pool.chains.get(block) === chain);
    pool.leaveEvictor(block, before);
    pool.chains.delete(block);
    pool.inHand = block;
  }

  /** Takes back everything. */
  undoAll(): void {
    for (let event = this.events.pop(); event !== undefined; event = this.events.pop()) this.undo(event);
  }

  private undo(event: Event): void {
    const last = this.events[this.events.length - 1];
    const wasEvicted = (block: number) => last?.[0] === 'evict' && last[2] === block;
    switch (event[0]) {
      case 'move': {
        const [, request, , from, before, to, after] = event;
        this.leave(request, to, after);
        this.enter(request, from, before);
        break;
      }
      case 'take': {
        const [, sequence, device, , block] = event;
        this.pools[device].untake(block, wasEvicted(block));
        if (sequence === NO_SEQUENCE) this.nullBlock = -1;
        else must(this.table(sequence).pop() === block);
        break;
      }
      case 'hit': {
        const [, sequence, device, , block, before] = event;
        must(this.table(sequence).pop() === block);
        this.pools[device].unhit(block, before);
        break;
      }
      case 'replace': {
        const [, sequence, why, position, old, block, before] = event;
        const pool = this.pools[Device.Gpu];
        if (why === 0) pool.untake(block, wasEvicted(block));
        if (why === 1) pool.unhit(block, before);
        pool.unrelease(old);
        this.table(sequence)[position] = old;
        break;
      }
      case 'release': {
        const [, sequence, device, , block] = event;
        if (!this.isNull(device, block)) this.pools[device].unrelease(block);
        this.table(sequence).unshift(block);
        this.deviceOf.set(sequence, device);
        break;
      }
      case 'fork': {
        const [, , child] = event;
        for (const block of this.table(child)) {
          if (block !== this.nullBlock) this.pools[Device.Gpu].refCount[block]--;
        }
        this.tables.set(child, []);
        break;
      }
      case 'cache':
        this.pools[event[1]].chains.delete(event[2]);
        break;
      case 'evict': {
        const [, device, block, chain, before] = event;
        const pool = this.pools[device];
        pool.inHand = NOWHERE;
        pool.chains.set(block, chain);
        pool.enterEvictor(block, before);
        break;
      }
    }
  }

  /** Free and used blocks are all there are, and reference counts are the owners. */
  checkBlocks(blocks: BlockSpaceManager): void {
    const owners: [number[], number[]] = [
      this.pools[0].refCount.map(() => 0),
      this.pools[1].refCount.map(() => 0),
    ];
    if (this.nullBlock >= 0) owners[0][this.nullBlock] = 1;
    for (const [sequence, table] of this.tables) {
      const device = this.deviceOf.get(sequence) ?? Device.Gpu;
      const length = blocks.tables.length[sequence];
      must(same(blocks.tables.table[sequence].subarray(0, length), table));
      if (length > 0) must(blocks.onCpu[sequence] === device);
      for (const block of table) if (!this.isNull(device, block)) owners[device][block]++;
    }
    must(blocks.nullBlock === this.nullBlock);
    for (const device of [Device.Gpu, Device.Cpu]) {
      const pool = this.pools[device];
      const allocator = device === Device.Gpu ? blocks.gpu : blocks.cpu;
      must(same(owners[device], pool.refCount));
      must(same(allocator.refCount, pool.refCount));
      must(allocator.numFree === pool.stack.length + pool.evictor.length);
      const free = new Set([...pool.stack, ...pool.evictor]);
      must(free.size === pool.stack.length + pool.evictor.length);
      const used = pool.refCount.filter((count) => count > 0).length;
      must(free.size + used === pool.refCount.length);
      for (const block of free) must(pool.refCount[block] === 0);
      for (const block of pool.evictor) must(pool.chains.has(block));
      for (const [block, chain] of pool.chains)
        must((allocator as CachingAllocator).chainOf(block) === chain);
      // No content twice on a device.
      must(new Set(pool.chains.values()).size === pool.chains.size);
    }
  }

  checkQueues(queues: Queues): void {
    for (const queue of [Queue.Waiting, Queue.Running, Queue.Swapped]) {
      must(same([...queues.in(queue)], this.queues[queue]));
      must(queues.length[queue] === this.queues[queue].length);
    }
  }

  checkIsNew(numGpuBlocks: number, numCpuBlocks: number): void {
    const fresh = new V0Mirror(numGpuBlocks, numCpuBlocks);
    expect(this.pools).toEqual(fresh.pools);
    expect(this.queues).toEqual(fresh.queues);
    for (const table of this.tables.values()) must(table.length === 0);
    must(this.nullBlock === -1);
  }

  private isNull(device: Device, block: number): boolean {
    return device === Device.Gpu && block === this.nullBlock;
  }

  private append(sequence: number, device: Device, position: number, block: number): void {
    const table = this.table(sequence);
    must(table.length === position);
    table.push(block);
    this.deviceOf.set(sequence, device);
  }

  private leave(request: number, queue: Queue, before: number): void {
    if (queue === Queue.None) return;
    const at = this.queues[queue].indexOf(request);
    must(at >= 0);
    must((this.queues[queue][at - 1] ?? FRONT) === before);
    this.queues[queue].splice(at, 1);
  }

  private enter(request: number, queue: Queue, after: number): void {
    if (queue === Queue.None) return;
    const at = after === FRONT ? 0 : this.queues[queue].indexOf(after) + 1;
    if (after !== FRONT) must(at > 0);
    this.queues[queue].splice(at, 0, request);
  }
}
