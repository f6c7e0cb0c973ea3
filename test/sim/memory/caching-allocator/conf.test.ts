import { describe, expect, test } from 'vitest';
import { parseAllocatorConf } from '../../../../sim/memory/caching-allocator/conf.ts';
import { roundedBytes } from '../../../../sim/memory/caching-allocator/rounding.ts';
import { MIB } from '../../../../sim/units.ts';

test('nothing set', () => {
  expect(parseAllocatorConf('')).toEqual({
    maxSplitBytes: Number.POSITIVE_INFINITY,
    garbageCollectionThreshold: 0,
    roundupDivisions: new Uint32Array(16),
    expandableSegments: false,
  });
});

test('everything set, blanks anywhere', () => {
  const text =
    ' max_split_size_mb: 128 ,garbage_collection_threshold:0.8, expandable_segments:True,' +
    'backend:native,release_lock_on_cudamalloc:True,pinned_num_register_threads:8,roundup_power2_divisions:8';
  expect(parseAllocatorConf(text)).toEqual({
    maxSplitBytes: 128 * MIB,
    garbageCollectionThreshold: 0.8,
    roundupDivisions: new Uint32Array(16).fill(8),
    expandableSegments: true,
  });
});

describe('roundup_power2_divisions as a list', () => {
  test.each([
    // The first key fills the entries below it; `>` overwrites the last one.
    ['[256:1,512:2,1024:4,>:8]', [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 8, 8, 8, 8, 8, 8]],
    // Entries between two keys stay 0.
    ['[2:4,16:2]', [4, 4, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['[>:2]', new Array(16).fill(2)],
    ['[]', new Array(16).fill(0)],
    ['[1048576:2]', new Array(16).fill(2)],
  ])('%s', (list, expected) => {
    expect([...parseAllocatorConf(`roundup_power2_divisions:${list}`).roundupDivisions]).toEqual(expected);
  });

  test('a power of two stays, the rest reaches the next one at most', () => {
    const divisions = new Uint32Array(16).fill(4);
    expect(roundedBytes(1024 * MIB, divisions)).toBe(1024 * MIB);
    expect(roundedBytes(1024 * MIB + 1, divisions)).toBe(1280 * MIB);
    expect(roundedBytes(2048 * MIB - 1, divisions)).toBe(2048 * MIB);
    expect(roundedBytes(1700 * MIB * 32, divisions)).toBe(1792 * MIB * 32);
    // Up to 512 bytes times the divisions, multiples of 512 serve.
    expect(roundedBytes(2048, divisions)).toBe(2048);
    expect(roundedBytes(2049, divisions)).toBe(2560);
    expect(roundedBytes(4097, divisions)).toBe(5120);
  });
});

test.each([
  ['foo:1,bar:2', 'Unrecognized CachingAllocator option: foo'],
  ['max_split_size_mb:2', 'CachingAllocator option max_split_size_mb too small, must be > 20'],
  ['max_split_size_mb:20', 'CachingAllocator option max_split_size_mb too small, must be > 20'],
  ['max_split_size_mb', 'Error parsing CachingAllocator settings, expected :'],
  ['max_split_size_mb:', 'Error, expecting max_split_size_mb value'],
  ['max_split_size_mb:many', "stoi: 'many' is no whole number"],
  ['max_split_size_mb:3000000000', "stoi: '3000000000' is out of range"],
  ['max_split_size_mb:64 expandable_segments:True', 'Error parsing CachingAllocator settings, expected ,'],
  ['garbage_collection_threshold:1.2', 'garbage_collect_threshold too big, set it 0.0~1.0'],
  ['garbage_collection_threshold:0', 'garbage_collect_threshold too small, set it 0.0~1.0'],
  ['garbage_collection_threshold:x', "stod: 'x' is no number"],
  ['roundup_power2_divisions:3', 'For roundups, the divisons has to be power of 2'],
  ['roundup_power2_divisions:[64:3]', 'For roundups, the divisions has to be power of 2 or 0'],
  ['roundup_power2_divisions:[3:4]', 'For roundups, the intervals have to be power of 2'],
  ['roundup_power2_divisions:[64:4', 'Error parsing CachingAllocator settings, expected ,'],
  ['expandable_segments:true', 'Expected a single True/False argument for expandable_segments'],
  ['release_lock_on_cudamalloc:none', 'Expected a single True/False argument for release_lock_on_cudamalloc'],
  ['pinned_num_register_threads:1024', 'Number of register threads should be less than or equal to 128'],
  ['backend:other', 'Unknown allocator backend, options are native and cudaMallocAsync'],
  ['backend:cudaMallocAsync', 'backend:cudaMallocAsync is not simulated'],
])('%j is refused', (text, message) => {
  expect(() => parseAllocatorConf(text)).toThrow(`PYTORCH_CUDA_ALLOC_CONF: ${message}`);
});
