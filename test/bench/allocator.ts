import { CachingAllocator } from '../../sim/memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../../sim/memory/caching-allocator/conf.ts';
import { SimulatedDevice } from '../../sim/memory/caching-allocator/device.ts';

const GIB = 1024 * 1024 * 1024;
/** C++ at -O3 with a driver that costs nothing, one thread of a shared 2.5 GHz core: 810 to 1,000 ns a pair. */
export const PYTORCH_PAIRS_PER_SECOND = 1.2e6;

export interface AllocatorBench {
  readonly name: string;
  /** An allocation and a freeing. */
  readonly pairsPerSecond: number;
}

/** Steady mixes on 80 GiB; one run each after one to warm up. */
export function benchAllocator(numPairs = 3_000_000): AllocatorBench[] {
  const mixes = [
    { name: 'serving: 24 activation sizes, 12 live', sizes: activationSizes(), numLive: 12, conf: '' },
    { name: 'random sizes, 64 live', sizes: randomSizes(997), numLive: 64, conf: '' },
    { name: 'random sizes, 2,048 live', sizes: randomSizes(9973), numLive: 2048, conf: '' },
    {
      name: 'random sizes, 64 live, expandable',
      sizes: randomSizes(997),
      numLive: 64,
      conf: 'expandable_segments:True',
    },
  ];
  return mixes.map(({ name, sizes, numLive, conf }) => {
    steadyMix(sizes, numLive, conf, numPairs >> 3);
    return { name, pairsPerSecond: numPairs / steadyMix(sizes, numLive, conf, numPairs) };
  });
}

/** Frees the oldest of `numLive` allocations and makes another, `numPairs` times. Returns seconds. */
function steadyMix(sizes: readonly number[], numLive: number, conf: string, numPairs: number): number {
  const allocator = new CachingAllocator(new SimulatedDevice(80 * GIB), parseAllocatorConf(conf));
  const live = Array.from({ length: numLive }, (_, i) => allocator.alloc(sizes[i % sizes.length]));
  const start = performance.now();
  let size = 0;
  let slot = 0;
  for (let i = 0; i < numPairs; i++) {
    allocator.free(live[slot]);
    live[slot] = allocator.alloc(sizes[size]);
    if (++slot === numLive) slot = 0;
    if (++size === sizes.length) size = 0;
  }
  return (performance.now() - start) / 1000;
}

/** What a layer of a model asks for, over and over: bytes of activations of two batch shapes. */
function activationSizes(): number[] {
  return [64, 2048].flatMap((tokens) =>
    [4096, 6144, 4096, 1024, 28672, 14336, 8, 4096, 512, 256, 2, 4096].map((width) => tokens * width * 2),
  );
}

/** Bytes from 512 to 64 MiB, evenly over the powers of two. */
function randomSizes(count: number): number[] {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => Math.floor(512 * 2 ** (next() * 17)));
}
