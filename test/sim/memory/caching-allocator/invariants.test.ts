import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutOfMemoryError } from '../../../../sim/memory/caching-allocator/allocator-error.ts';
import {
  type Allocation,
  CachingAllocator,
} from '../../../../sim/memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../../../../sim/memory/caching-allocator/conf.ts';
import { SimulatedDevice } from '../../../../sim/memory/caching-allocator/device.ts';
import { roundedBytes } from '../../../../sim/memory/caching-allocator/rounding.ts';
import type { BlockSnapshot, SegmentSnapshot } from '../../../../sim/memory/caching-allocator/snapshot.ts';
import { type Measure, SCOPES, STATS } from '../../../../sim/memory/caching-allocator/stats.ts';
import { MIB } from '../../../../sim/units.ts';

/* What holds whatever is allocated and freed, on random sequences under random configurations. */

const SEED = 20261121;
/** Without a size, fast-check makes lists of ten at most. */
const LONG = { maxLength: 200, size: 'max' } as const;

type Op =
  | { kind: 'alloc'; bytes: number; stream: number }
  | { kind: 'free' | 'record'; which: number; stream: number }
  | { kind: 'complete'; stream: number }
  | { kind: 'empty' }
  | { kind: 'fraction'; fraction: number };

// A few sizes over and over, so that blocks fit exactly; and those beside the limits of the rules.
const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(512, 1536, 300 * 1024, 3 * MIB, 5 * MIB, 9.5 * MIB, 15 * MIB) },
  fc.integer({ min: 1, max: 4096 }),
  fc.integer({ min: 4096, max: MIB }),
  fc.integer({ min: 1, max: 60 }).map((mebibytes) => mebibytes * MIB),
  fc.integer({ min: MIB, max: 150 * MIB }),
  fc.constantFrom(MIB, MIB + 1, 10 * MIB - 512, 10 * MIB - 511, 10 * MIB, 11 * MIB, 20 * MIB + 512),
);
const stream = fc.constantFrom(0, 0, 0, 0, 1, 2);
const which = fc.nat(1000);

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('alloc' as const), bytes, stream }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('free' as const), which, stream }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('record' as const), which, stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('complete' as const), stream }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fraction' as const), fraction: fc.constantFrom(0.5, 0.9, 1) }),
  },
);

// max_split_size_mb and expandable_segments together make PyTorch fail an assertion.
const conf = fc
  .tuple(
    fc.constantFrom('', 'expandable_segments:True', 'max_split_size_mb:21', 'max_split_size_mb:64'),
    fc.constantFrom('', 'garbage_collection_threshold:0.3', 'garbage_collection_threshold:0.8'),
    fc.constantFrom('', 'roundup_power2_divisions:4', 'roundup_power2_divisions:[1:2,64:8,>:16]'),
  )
  .map((parts) => parts.filter((part) => part !== '').join(','));

const capacity = fc.constantFrom(64, 200, 333, 1024, 4096).map((mebibytes) => mebibytes * MIB + 12345);

function run(allocator: CachingAllocator, ops: readonly Op[], check: (live: readonly Allocation[]) => void) {
  const live: Allocation[] = [];
  for (const op of ops) {
    switch (op.kind) {
      case 'alloc':
        try {
          live.push(allocator.alloc(op.bytes, op.stream));
        } catch (error) {
          if (!(error instanceof OutOfMemoryError)) throw error;
        }
        break;
      case 'free':
        if (live.length > 0) allocator.free(live.splice(op.which % live.length, 1)[0]);
        break;
      case 'record':
        if (live.length > 0) allocator.recordStream(live[op.which % live.length], op.stream);
        break;
      case 'complete':
        allocator.completeStream(op.stream);
        break;
      case 'empty':
        allocator.emptyCache();
        break;
      case 'fraction':
        allocator.setMemoryFraction(op.fraction);
        break;
    }
    check(live);
  }
  return live;
}

/** Segments side by side, blocks end to end in each, and no two free ones that should have merged. */
function checkLayout(snapshot: readonly SegmentSnapshot[]): void {
  let before: SegmentSnapshot | undefined;
  for (const segment of snapshot) {
    if (before !== undefined && before.segment === segment.segment) {
      expect(before.isExpandable && before.offset + before.bytes < segment.offset).toBe(true);
    } else if (before !== undefined) {
      expect(before.segment).toBeLessThan(segment.segment);
    }
    let end = segment.offset;
    let last: BlockSnapshot | undefined;
    for (const block of segment.blocks) {
      const unmerged = last?.state === 'inactive' && block.state === 'inactive';
      if (block.offset !== end || block.bytes <= 0 || unmerged) expect(segment).toBe('whole');
      end += block.bytes;
      last = block;
    }
    expect(end).toBe(segment.offset + segment.bytes);
    before = segment;
  }
}

/** Every current statistic, added up anew from the snapshot. */
function recount(snapshot: readonly SegmentSnapshot[], maxSplitBytes: number) {
  const stats: Record<string, number> = {};
  for (const stat of STATS) for (const scope of SCOPES) stats[`${stat}.${scope}`] = 0;
  for (const segment of snapshot) {
    const add = (stat: (typeof STATS)[number], amount: number) => {
      for (const scope of ['all', `${segment.pool}_pool`]) stats[`${stat}.${scope}`] += amount;
    };
    add('reserved_bytes', segment.bytes);
    if (!segment.isExpandable) add('segment', 1);
    if (!segment.isExpandable && segment.bytes >= maxSplitBytes) add('oversize_segments', 1);
    for (const block of segment.blocks) {
      if (block.state === 'allocated') {
        add('allocation', 1);
        add('allocated_bytes', block.bytes);
        if (block.bytes >= maxSplitBytes) add('oversize_allocations', 1);
      }
      if (block.state !== 'inactive') {
        add('active', 1);
        add('active_bytes', block.bytes);
        add('requested_bytes', block.requested);
      } else if (segment.blocks.length > 1 && !segment.isExpandable) {
        add('inactive_split', 1);
        add('inactive_split_bytes', block.bytes);
      }
    }
  }
  return stats;
}

function read(allocator: CachingAllocator, measure: Measure): Record<string, number> {
  const stats: Record<string, number> = {};
  for (const stat of STATS) {
    for (const scope of SCOPES) stats[`${stat}.${scope}`] = allocator.stats.get(stat, measure, scope);
  }
  return stats;
}

test('blocks tile their segments, and statistics are what the snapshot adds up to', () => {
  fc.assert(
    fc.property(fc.array(op, LONG), conf, capacity, (ops, text, bytesOfDevice) => {
      const settings = parseAllocatorConf(text);
      const device = new SimulatedDevice(bytesOfDevice, 5 * MIB);
      const allocator = new CachingAllocator(device, settings);
      const peaks: Record<string, number> = {};
      const live = run(allocator, ops, (allocations) => {
        const snapshot = allocator.snapshot();
        checkLayout(snapshot);
        const current = read(allocator, 'current');
        expect(current).toEqual(recount(snapshot, settings.maxSplitBytes));
        const freed = read(allocator, 'freed');
        const allocated = read(allocator, 'allocated');
        const peak = read(allocator, 'peak');
        for (const name of Object.keys(current)) {
          if (allocated[name] !== current[name] + freed[name]) expect.fail(`${name}: sums`);
          // Within an operation it may have been higher.
          peaks[name] = Math.max(peaks[name] ?? 0, current[name]);
          if (peak[name] < peaks[name]) expect.fail(`${name}: peak`);
        }
        expect(device.usedBytes).toBe(allocator.stats.get('reserved_bytes'));
        expect(device.freeBytes).toBeGreaterThanOrEqual(0);
        // What is handed out is in the snapshot, once, where the allocator says it is.
        const placed = new Set(
          snapshot.flatMap(({ segment, blocks }) =>
            blocks
              .filter(({ state }) => state === 'allocated')
              .map((block) => `${segment}+${block.offset}:${block.bytes}`),
          ),
        );
        expect(placed.size).toBe(allocations.length);
        for (const allocation of allocations) {
          const { segment, offset, bytes: size } = allocator.placementOf(allocation);
          expect(placed.has(`${segment}+${offset}:${size}`)).toBe(true);
        }
      });
      for (const allocation of live) allocator.free(allocation);
      // Without other streams nothing waits: each segment is one free block again.
      if (ops.every(({ kind }) => kind !== 'record')) {
        for (const { blocks } of allocator.snapshot()) {
          expect(blocks.map(({ state }) => state)).toEqual(['inactive']);
        }
      }
      allocator.emptyCache();
      expect(allocator.snapshot()).toEqual([]);
      expect(device.usedBytes).toBe(0);
      expect(allocator.largestFreeBytes).toBe(0);
    }),
    { numRuns: 300, seed: SEED },
  );
});

test('by default, what serves a request is the smallest free block that holds it, the lowest among equals', () => {
  const plainOps = op.filter(({ kind }) => kind !== 'record');
  fc.assert(
    fc.property(fc.array(plainOps, LONG), (ops) => {
      const allocator = new CachingAllocator(new SimulatedDevice(80 * 1024 * MIB));
      const live: Allocation[] = [];
      for (const op of ops) {
        if (op.kind === 'free' && live.length > 0) {
          allocator.free(live.splice(op.which % live.length, 1)[0]);
        }
        if (op.kind !== 'alloc') continue;
        const rounded = roundedBytes(op.bytes, new Uint32Array(16));
        const pool = rounded <= MIB ? 'small' : 'large';
        const fits = allocator
          .snapshot()
          .filter((segment) => segment.stream === op.stream && segment.pool === pool)
          .flatMap(({ segment, blocks }) => blocks.map((block) => ({ segment, ...block })))
          .filter(({ state, bytes: size }) => state === 'inactive' && size >= rounded)
          .sort((a, b) => a.bytes - b.bytes || a.segment - b.segment || a.offset - b.offset);
        const numSegments = allocator.stats.get('segment', 'allocated');
        const allocation = allocator.alloc(op.bytes, op.stream);
        live.push(allocation);
        const { segment, offset } = allocator.placementOf(allocation);
        expect([segment, offset]).toEqual(
          fits.length > 0 ? [fits[0].segment, fits[0].offset] : [numSegments, 0],
        );
      }
    }),
    { numRuns: 200, seed: SEED },
  );
});
