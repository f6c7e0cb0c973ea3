import { invariant } from '../error.ts';
import { NULL_BLOCK } from './block-pool.ts';
import type { BlockTables } from './block-tables.ts';
import type { RegionAllocator } from './contiguous/region-allocator.ts';
import type { KvCacheManager } from './kv-cache-manager.ts';
import { NONE } from './prefix-index.ts';
import type { BlockSpaceManager } from './v0/block-space-manager.ts';
import type { NaiveAllocator } from './v0/naive-allocator.ts';

/*
 * What must hold of a pool whatever was decided: no block is owned twice, none is lost, reference counts are the
 * owners. Each look costs as much as the pool and its tables are large: for `invariants: strict` and for tests.
 */

/** @throws Error that names the block, a fault in Poolscope. */
export function checkKvCache({ pool, tables }: KvCacheManager): void {
  const { numBlocks, refCount, freeQueue, prefixIndex } = pool;
  const owners = new Int32Array(numBlocks);
  /** block → 1 + the request whose table had it last. */
  const last = new Int32Array(numBlocks);
  for (const group of tables) {
    countOwners(group, (block, request) => {
      if (block === NULL_BLOCK) return;
      owners[block]++;
      if (last[block] === request + 1) broken(block, `is in the tables of request ${request} twice`);
      if (owners[block] > 1 && prefixIndex.chainOf[block] === NONE) {
        broken(
          block,
          `is owned twice, by requests ${last[block] - 1} and ${request}, and is no shared prefix`,
        );
      }
      last[block] = request + 1;
    });
  }
  checkCounts('', owners, refCount);
  const isFree = new Uint8Array(numBlocks);
  let numFree = 0;
  let numCachedFree = 0;
  for (const block of freeQueue) {
    if (owners[block] > 0 || block === NULL_BLOCK) broken(block, 'is free and in use');
    if (isFree[block] === 1) broken(block, 'is in the free queue twice');
    isFree[block] = 1;
    numFree++;
    if (prefixIndex.chainOf[block] !== NONE) numCachedFree++;
  }
  for (let block = 1; block < numBlocks; block++) {
    if (owners[block] === 0 && isFree[block] === 0)
      broken(block, 'is lost: nobody owns it, and it is not free');
  }
  invariant(numFree === pool.numFree, `${numFree} blocks are free, ${pool.numFree} are counted`);
  invariant(
    numCachedFree === pool.numCachedFree,
    `${numCachedFree} free blocks are cached, ${pool.numCachedFree} are counted`,
  );
}

/** The same of V0's blocks on both devices. */
export function checkBlockSpace({ gpu, cpu, tables, onCpu, nullBlock }: BlockSpaceManager): void {
  const owners = [new Int32Array(gpu.numBlocks), new Int32Array(cpu.numBlocks)];
  if (nullBlock >= 0) owners[0][nullBlock] = 1;
  countOwners(tables, (block, sequence) => {
    if (onCpu[sequence] === 0 && block === nullBlock) return;
    owners[onCpu[sequence]][block]++;
  });
  const check = (name: string, { refCount, numFree }: NaiveAllocator, counted: Int32Array) => {
    checkCounts(name, counted, refCount);
    const unowned = counted.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
    invariant(unowned === numFree, `nobody owns ${unowned} ${name}blocks, but ${numFree} are free`);
  };
  check('GPU ', gpu, owners[0]);
  check('CPU ', cpu, owners[1]);
}

/** The same of regions: those in use and the holes are all slots, each once. */
export function checkRegions(
  allocator: RegionAllocator,
  regions: readonly (readonly [request: number, offset: number, length: number, ...rest: unknown[]])[],
): void {
  const used = regions.map(([request, offset, length]) => ({ who: `request ${request}`, offset, length }));
  const holes = allocator.holes().map(([offset, length]) => ({ who: 'a hole', offset, length }));
  let end = 0;
  let before = 'the beginning';
  for (const { who, offset, length } of [...used, ...holes].sort((a, b) => a.offset - b.offset)) {
    invariant(offset >= end, `slot ${offset} is owned twice, by ${before} and ${who}`);
    invariant(offset === end, `slot ${end} is lost, between ${before} and ${who}`);
    end = offset + length;
    before = who;
  }
  invariant(end === allocator.numSlots, `slot ${end} is lost, behind ${before}`);
}

function countOwners({ length, table }: BlockTables, count: (block: number, owner: number) => void): void {
  for (let owner = 0; owner < length.length; owner++) {
    for (let i = 0; i < length[owner]; i++) count(table[owner][i], owner);
  }
}

function checkCounts(name: string, owners: Int32Array, refCount: Int32Array): void {
  for (let block = 0; block < owners.length; block++) {
    if (owners[block] === refCount[block]) continue;
    broken(block, `has ${owners[block]} owners, but a reference count of ${refCount[block]}`, name);
  }
}

function broken(block: number, what: string, name = ''): void {
  invariant(false, `${name}block ${block} ${what}`);
}
