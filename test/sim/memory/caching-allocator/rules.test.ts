import { describe, expect, test } from 'vitest';
import { OutOfMemoryError } from '../../../../sim/memory/caching-allocator/allocator-error.ts';
import { CachingAllocator } from '../../../../sim/memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../../../../sim/memory/caching-allocator/conf.ts';
import { type DeviceCallKind, SimulatedDevice } from '../../../../sim/memory/caching-allocator/device.ts';
import { GIB, MIB } from '../../../../sim/units.ts';

/* The rules of PyTorch's allocator that surprise, each by its name. */

function allocatorOf(capacity: number, conf = '') {
  const calls: [kind: DeviceCallKind, segment: number, offset: number, bytes: number][] = [];
  const device = new SimulatedDevice(capacity, 0, (kind, segment, offset, bytes) => {
    calls.push([kind, segment, offset, bytes]);
  });
  return { allocator: new CachingAllocator(device, parseAllocatorConf(conf)), calls };
}

/** Size of the segment that a first request of so many bytes takes. */
function segmentFor(bytes: number): number {
  const { allocator } = allocatorOf(80 * GIB);
  allocator.alloc(bytes);
  return allocator.stats.get('reserved_bytes');
}

function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof OutOfMemoryError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('rounding and segments', () => {
  test('0 bytes get the null pointer and count nowhere', () => {
    const { allocator, calls } = allocatorOf(GIB);
    const nothing = allocator.alloc(0);
    expect(nothing).toBe(0);
    allocator.free(nothing);
    expect(calls).toEqual([]);
    expect(allocator.stats.get('allocation', 'peak')).toBe(0);
  });

  test.each([
    [1, 2 * MIB],
    [MIB, 2 * MIB],
    [MIB + 1, 20 * MIB],
    [10 * MIB - 512, 20 * MIB],
    // Exactly 10 MiB is a large allocation of its own, half as large as one of a byte less.
    [10 * MIB - 511, 10 * MIB],
    [10 * MIB, 10 * MIB],
    [10 * MIB + 1, 12 * MIB],
    // A layer of GLM-4-9B's KV cache in vLLM V0, as reported in zai-org/GLM-4#121: `Tried to allocate 606.00 MiB`.
    [38675 * 16384, 606 * MIB],
    [34318 * 16384, 538 * MIB],
  ])('a first request of %i bytes takes a segment of %i', (bytes, segment) => {
    expect(segmentFor(bytes)).toBe(segment);
  });

  test('requested bytes are as asked, allocated ones as rounded', () => {
    const { allocator } = allocatorOf(GIB);
    allocator.alloc(513);
    expect(allocator.stats.get('requested_bytes')).toBe(513);
    expect(allocator.stats.get('allocated_bytes')).toBe(1024);
  });

  // PyTorch's own test_allocator_settings.
  test.each([
    ['', 88080384, 88080384],
    ['roundup_power2_divisions:4', 88080384, 100663296],
    ['roundup_power2_divisions:[64:8,128:2,256:2,512:2,1024:1,>:1]', 88080384, 92274688],
    ['roundup_power2_divisions:[64:8,128:2,256:2,512:2,1024:1,>:1]', 419430400, 536870912],
  ])('with %j, %i bytes become %i', (conf, bytes, rounded) => {
    const { allocator } = allocatorOf(80 * GIB, conf);
    allocator.alloc(bytes);
    expect(allocator.stats.get('active_bytes')).toBe(rounded);
    expect(allocator.stats.get('requested_bytes')).toBe(bytes);
  });
});

describe('splitting', () => {
  test('exactly 1 MiB more than asked is not split off a large block, a unit more is', () => {
    const { allocator } = allocatorOf(GIB);
    const exact = allocator.alloc(11 * MIB);
    expect(allocator.placementOf(exact).bytes).toBe(12 * MIB);
    const split = allocator.alloc(11 * MIB - 512);
    expect(allocator.placementOf(split).bytes).toBe(11 * MIB - 512);
  });

  test('a tensor of 604.31 MiB leaves 1.69 MiB that smaller tensors use', () => {
    const { allocator, calls } = allocatorOf(80 * GIB);
    const layer = allocator.alloc(38675 * 16384);
    const small = allocator.alloc(1.5 * MIB);
    expect(allocator.placementOf(small)).toMatchObject({
      segment: allocator.placementOf(layer).segment,
      offset: 38675 * 16384,
    });
    expect(calls).toHaveLength(1);
  });

  test('a small request is split off any small block', () => {
    const { allocator } = allocatorOf(GIB);
    allocator.alloc(512);
    expect(allocator.placementOf(allocator.alloc(512))).toEqual({ segment: 0, offset: 512, bytes: 512 });
  });

  test('from max_split_size on blocks stay whole, and only the first fit is looked at', () => {
    const { allocator } = allocatorOf(10 * GIB, 'max_split_size_mb:64');
    allocator.free(allocator.alloc(100 * MIB));
    // Small ones do not break an oversize block.
    expect(allocator.placementOf(allocator.alloc(60 * MIB)).segment).toBe(1);
    // A difference of 20 MiB is too much already.
    expect(allocator.placementOf(allocator.alloc(80 * MIB)).segment).toBe(2);
    const close = allocator.alloc(82 * MIB);
    expect(allocator.placementOf(close)).toEqual({ segment: 0, offset: 0, bytes: 100 * MIB });
    expect(allocator.stats.get('oversize_allocations')).toBe(2);
  });

  test('blocks of different segments never merge', () => {
    const { allocator } = allocatorOf(80 * GIB);
    const blocks = [allocator.alloc(20 * MIB), allocator.alloc(20 * MIB)];
    for (const block of blocks) allocator.free(block);
    expect(allocator.largestFreeBytes).toBe(20 * MIB);
    expect(allocator.stats.get('inactive_split_bytes')).toBe(0);
  });

  test('small tensors pin a segment of gigabytes (pytorch#35901)', () => {
    const { allocator } = allocatorOf(16 * GIB);
    allocator.free(allocator.alloc(11643387904));
    allocator.alloc(16515072);
    allocator.emptyCache();
    expect(allocator.stats.get('reserved_bytes')).toBe(11643387904);
    expect(allocator.stats.get('inactive_split_bytes')).toBe(11643387904 - 16515072);
  });
});

describe('streams', () => {
  test('a free block serves its own stream only', () => {
    const { allocator } = allocatorOf(GIB);
    allocator.free(allocator.alloc(20 * MIB, 1));
    expect(allocator.placementOf(allocator.alloc(20 * MIB, 2)).segment).toBe(1);
    expect(allocator.placementOf(allocator.alloc(20 * MIB, 1)).segment).toBe(0);
  });

  test('completed events are noticed by the next allocation, not by free nor by completing', () => {
    const { allocator } = allocatorOf(GIB);
    const block = allocator.alloc(20 * MIB);
    allocator.recordStream(block, 1);
    allocator.recordStream(block, 1);
    allocator.free(block);
    allocator.completeStream(1);
    expect(allocator.stats.get('allocated_bytes')).toBe(0);
    expect(allocator.stats.get('active_bytes')).toBe(20 * MIB);
    expect(allocator.stats.get('requested_bytes')).toBe(20 * MIB);
    expect(allocator.snapshot()[0].blocks[0].state).toBe('pending_free');
    allocator.alloc(0);
    expect(allocator.stats.get('active_bytes')).toBe(20 * MIB);
    expect(allocator.placementOf(allocator.alloc(20 * MIB)).segment).toBe(0);
  });

  test('a use by the own stream is no other use', () => {
    const { allocator } = allocatorOf(GIB);
    const block = allocator.alloc(20 * MIB, 3);
    allocator.recordStream(block, 3);
    allocator.free(block);
    expect(allocator.stats.get('active_bytes')).toBe(0);
  });

  test('a use counts for one life of a block', () => {
    const { allocator } = allocatorOf(GIB);
    const first = allocator.alloc(20 * MIB);
    allocator.recordStream(first, 1);
    allocator.free(first);
    allocator.completeStream(1);
    allocator.free(allocator.alloc(20 * MIB));
    expect(allocator.stats.get('active_bytes')).toBe(0);
  });

  // PyTorch's own test_caching_allocator_record_stream_oom.
  test('an allocation that would fail waits for other streams first', () => {
    const { allocator } = allocatorOf(2 * GIB);
    for (let i = 0; i < 100; i++) {
      const block = allocator.alloc(160 * MIB);
      allocator.recordStream(block, 1);
      allocator.free(block);
    }
    expect(allocator.stats.numOoms).toBe(0);
    expect(allocator.stats.numAllocRetries).toBeGreaterThan(0);
  });

  test('a queue of events that never runs dry is kept short', () => {
    const { allocator } = allocatorOf(GIB);
    for (let i = 0; i < 20_000; i++) {
      const block = allocator.alloc(MIB);
      allocator.recordStream(block, 1);
      if (i > 0) allocator.completeStream(1);
      allocator.free(block);
    }
    expect(allocator.stats.get('reserved_bytes')).toBe(2 * MIB);
    expect(allocator.stats.get('active')).toBe(2);
  });
});

describe('running out', () => {
  test('the text names the segment, not the request, and no limit', () => {
    const { allocator } = allocatorOf(80 * GIB);
    allocator.setMemoryFraction(0.0001);
    expect(messageOf(() => allocator.alloc(3 * MIB))).toBe(
      'CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 80.00 GiB of which ' +
        '80.00 GiB is free. Including non-PyTorch memory, this process has 0 bytes memory in use. Of the ' +
        'allocated memory 0 bytes is allocated by PyTorch, and 0 bytes is reserved by PyTorch but unallocated. ' +
        'If reserved but unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True ' +
        'to avoid fragmentation.  See documentation for Memory Management  ' +
        '(https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)',
    );
  });

  test('1 GiB is 1024.00 MiB', () => {
    const { allocator } = allocatorOf(MIB);
    expect(messageOf(() => allocator.alloc(GIB))).toContain('Tried to allocate 1024.00 MiB');
  });

  // 1.125 lies in the middle of 1.12 and 1.13; C++ prints the even one, JavaScript's toFixed the higher one.
  test.each([
    [1.125, '1.12 MiB'],
    [1.375, '1.38 MiB'],
    [3.625, '3.62 MiB'],
    [3.875, '3.88 MiB'],
    [3.5, '3.50 MiB'],
  ])('%f MiB of tensors are told as %s', (mebibytes, text) => {
    const { allocator } = allocatorOf(100 * MIB);
    allocator.alloc(mebibytes * MIB);
    expect(messageOf(() => allocator.alloc(GIB))).toContain(`Of the allocated memory ${text} is allocated`);
  });

  // PyTorch's own test_out_of_memory.
  test('absurd sizes', () => {
    const { allocator, calls } = allocatorOf(80 * GIB);
    expect(messageOf(() => allocator.alloc(858993459200000000))).toContain(
      'Tried to allocate 800000000.00 GiB',
    );
    const numCalls = calls.length;
    expect(messageOf(() => allocator.alloc(8589934592000000000))).toBe(
      'CUDA out of memory. Tried to allocate more than 1EB memory.',
    );
    expect(calls).toHaveLength(numCalls);
    expect(allocator.stats.numOoms).toBe(1);
  });

  test('an out-of-memory error leaves no cache, and one retry counted', () => {
    const { allocator } = allocatorOf(100 * MIB);
    allocator.free(allocator.alloc(20 * MIB));
    expect(() => allocator.alloc(101 * MIB)).toThrow(OutOfMemoryError);
    expect(allocator.stats.get('reserved_bytes')).toBe(0);
    expect(allocator.stats).toMatchObject({ numAllocRetries: 1, numOoms: 1, numSyncAllStreams: 1 });
  });

  test('cached memory that is split does not help: free bytes, but no room', () => {
    const { allocator } = allocatorOf(100 * MIB);
    const blocks = Array.from({ length: 10 }, () => allocator.alloc(9 * MIB));
    for (let i = 0; i < 10; i += 2) allocator.free(blocks[i]);
    expect(messageOf(() => allocator.alloc(30 * MIB))).toContain('is reserved by PyTorch but unallocated');
    expect(allocator.stats.get('inactive_split_bytes')).toBeGreaterThan(30 * MIB);
  });

  test('a fraction is a limit on segments: 600 bytes need 2 MiB of room', () => {
    const { allocator } = allocatorOf(GIB);
    allocator.setMemoryFraction((2 * MIB - 512) / GIB);
    expect(() => allocator.alloc(600)).toThrow(OutOfMemoryError);
    allocator.setMemoryFraction((2 * MIB) / GIB);
    allocator.alloc(600);
    expect(() => allocator.setMemoryFraction(2)).toThrow('Invalid fraction value: 2. Allowed range: 0~1');
  });

  test('garbage is collected with a fraction only', () => {
    for (const fraction of [null, 1]) {
      const { allocator, calls } = allocatorOf(100 * MIB, 'garbage_collection_threshold:0.2');
      if (fraction !== null) allocator.setMemoryFraction(fraction);
      allocator.free(allocator.alloc(30 * MIB));
      allocator.alloc(40 * MIB);
      expect(calls.map(([kind]) => kind)).toEqual(
        fraction === null ? ['malloc', 'malloc'] : ['malloc', 'free', 'malloc'],
      );
    }
  });
});

describe('expandable segments', () => {
  const conf = 'expandable_segments:True';

  test('KV tensors of 604.31 MiB tile without slack', () => {
    const { allocator } = allocatorOf(80 * GIB, conf);
    const layers = Array.from({ length: 40 }, () => allocator.alloc(38675 * 16384));
    expect(layers.map((layer) => allocator.placementOf(layer))).toEqual(
      layers.map((_, i) => ({ segment: 0, offset: i * 38675 * 16384, bytes: 38675 * 16384 })),
    );
    expect(allocator.stats.get('reserved_bytes') - allocator.stats.get('allocated_bytes')).toBeLessThan(
      20 * MIB,
    );
  });

  test('a range is nine eighths of the device; segments and split bytes are not counted', () => {
    const { allocator, calls } = allocatorOf(80 * GIB, conf);
    allocator.alloc(3 * MIB);
    expect(calls).toEqual([
      ['reserve_va', 0, 0, 90 * GIB],
      ['map', 0, 0, 20 * MIB],
    ]);
    expect(allocator.stats.get('segment')).toBe(0);
    expect(allocator.stats.get('inactive_split_bytes')).toBe(0);
    expect(allocator.stats.get('reserved_bytes')).toBe(20 * MIB);
  });

  test('the growing end is used last', () => {
    const { allocator } = allocatorOf(80 * GIB, conf);
    const blocks = [15, 3, 8].map((mebibytes) => allocator.alloc(mebibytes * MIB));
    allocator.free(blocks[0]);
    // 14 MiB are free at the end, 15 MiB at the start.
    expect(allocator.placementOf(allocator.alloc(14 * MIB)).offset).toBe(0);
  });

  test('pages in the middle of a segment are given back, shared ones stay', () => {
    const { allocator, calls } = allocatorOf(80 * GIB, conf);
    const blocks = [10, 60, 10].map((mebibytes) => allocator.alloc(mebibytes * MIB));
    allocator.free(blocks[1]);
    calls.length = 0;
    allocator.emptyCache();
    expect(calls).toEqual([['unmap', 0, 20 * MIB, 40 * MIB]]);
    expect(allocator.snapshot().map(({ offset, bytes }) => [offset, bytes])).toEqual([
      [0, 20 * MIB],
      [60 * MIB, 20 * MIB],
    ]);
    for (const block of [blocks[0], blocks[2]]) allocator.free(block);
    allocator.emptyCache();
    expect(calls.at(-1)).toEqual(['free_va', 0, 0, 90 * GIB]);
    expect(allocator.snapshot()).toEqual([]);
  });

  test('a failure leaves an empty range behind', () => {
    const { allocator, calls } = allocatorOf(100 * MIB, conf);
    const blocks = Array.from({ length: 4 }, () => allocator.alloc(20 * MIB));
    for (const i of [0, 2]) allocator.free(blocks[i]);
    expect(() => allocator.alloc(90 * MIB)).toThrow(OutOfMemoryError);
    expect(calls.filter(([kind]) => kind === 'reserve_va')).toHaveLength(2);
    expect(calls.filter(([kind]) => kind === 'free_va')).toHaveLength(0);
    expect(allocator.stats.get('reserved_bytes')).toBe(40 * MIB);
  });

  test('growth that fails half-way has mapped, and freed, its first half', () => {
    const { allocator, calls } = allocatorOf(100 * MIB, conf);
    allocator.alloc(20 * MIB, 1);
    const blocks = [20, 30, 10].map((mebibytes) => allocator.alloc(mebibytes * MIB));
    for (const i of [0, 1]) allocator.free(blocks[i]);
    allocator.emptyCache();
    allocator.free(blocks[2]);
    calls.length = 0;
    // 40 MiB unmapped, 20 MiB free, 60 MiB unmapped; 60 MiB of the device are left.
    expect(() => allocator.alloc(100 * MIB)).toThrow(OutOfMemoryError);
    expect(calls.slice(0, 3)).toEqual([
      ['map', 1, 0, 40 * MIB],
      ['create_failed', -1, 0, 20 * MIB],
      ['unmap', 1, 0, 60 * MIB],
    ]);
  });

  test('together with max_split_size a miss can trip an assertion of PyTorch’s', () => {
    const { allocator } = allocatorOf(200 * MIB, `${conf},max_split_size_mb:21`);
    const blocks = Array.from({ length: 3 }, () => allocator.alloc(60 * MIB));
    allocator.free(blocks[0]);
    expect(() => allocator.alloc(100 * MIB)).toThrow('INTERNAL ASSERT FAILED');
  });
});

test('memory_stats has PyTorch’s names', () => {
  const { allocator } = allocatorOf(GIB);
  allocator.free(allocator.alloc(3 * MIB));
  expect(allocator.stats.toRecord()).toMatchObject({
    'allocated_bytes.all.current': 0,
    'allocated_bytes.all.peak': 3 * MIB,
    'allocated_bytes.large_pool.allocated': 3 * MIB,
    'allocated_bytes.small_pool.freed': 0,
    'reserved_bytes.all.current': 20 * MIB,
    'oversize_allocations.current': 0,
    num_device_alloc: 1,
  });
  allocator.resetPeakStats();
  expect(allocator.stats.get('allocated_bytes', 'peak')).toBe(0);
});
