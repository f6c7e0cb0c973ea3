import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CachingAllocator } from '../../sim/memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../../sim/memory/caching-allocator/conf.ts';
import { SimulatedDevice } from '../../sim/memory/caching-allocator/device.ts';
import { GIB } from '../../sim/units.ts';
import { type AllocatorCase, parseAllocatorCase } from '../../sim/verify/allocator-case.ts';

const MOE_CASE = 'test/conformance/allocator/dev/10-moe-serve.json.gz';
/** On the recorded MoE serving loop: C++ at -O3, a driver that costs nothing, a shared 2.5 GHz core; 830 ns a pair. */
export const PYTORCH_PAIRS_PER_SECOND = 1.2e6;

export interface AllocatorBench {
  readonly name: string;
  /** An allocation and a freeing. */
  readonly pairsPerSecond: number;
}

/** Steady mixes on 80 GiB, and what PyTorch's own allocator was timed on; one run each after one to warm up. */
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
  servingLoop(numPairs >> 3);
  const recorded = { name: 'recorded MoE serving loop', pairsPerSecond: servingLoop(numPairs) };
  const steady = mixes.map(({ name, sizes, numLive, conf }) => {
    steadyMix(sizes, numLive, conf, numPairs >> 3);
    return { name, pairsPerSecond: numPairs / steadyMix(sizes, numLive, conf, numPairs) };
  });
  return [recorded, ...steady];
}

/** Pairs a second on the recorded MoE serving loop. */
export function servingLoop(numPairs: number): number {
  const moe = parseAllocatorCase(gunzipSync(readFileSync(MOE_CASE)).toString(), MOE_CASE);
  if (moe === null) throw new Error(`${MOE_CASE} is no case of the allocator`);
  return recordedLoop(moe, numPairs);
}

/** Of this process, so that what others do on the machine counts little. */
function cpuSeconds(): number {
  return process.cpuUsage().user / 1e6;
}

/** The allocations and freeings of a case, over and over; what lives at its end is freed. Returns pairs a second. */
function recordedLoop(kase: AllocatorCase, numPairs: number): number {
  // Per operation: bytes to allocate, or -1 - the place of the allocation to free.
  const ops: number[] = [];
  const placeOf = new Map<string | number, number>();
  for (const op of kase.ops) {
    if (op[0] === 'alloc') {
      placeOf.set(op[1], ops.length);
      ops.push(op[2]);
    } else if (op[0] === 'free') {
      ops.push(-1 - placeOf.get(op[1])!);
      placeOf.delete(op[1]);
    }
  }
  for (const place of placeOf.values()) ops.push(-1 - place);

  const allocator = new CachingAllocator(new SimulatedDevice(kase.config.capacity_bytes));
  const allocations = new Int32Array(ops.length);
  const rounds = Math.ceil((2 * numPairs) / ops.length);
  const start = cpuSeconds();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i];
      if (op < 0) allocator.free(allocations[-1 - op]);
      else allocations[i] = allocator.alloc(op);
    }
  }
  return (rounds * ops.length) / 2 / (cpuSeconds() - start);
}

/** Frees the oldest of `numLive` allocations and makes another, `numPairs` times. Returns seconds. */
function steadyMix(sizes: readonly number[], numLive: number, conf: string, numPairs: number): number {
  const allocator = new CachingAllocator(new SimulatedDevice(80 * GIB), parseAllocatorConf(conf));
  const live = Array.from({ length: numLive }, (_, i) => allocator.alloc(sizes[i % sizes.length]));
  const start = cpuSeconds();
  let size = 0;
  let slot = 0;
  for (let i = 0; i < numPairs; i++) {
    allocator.free(live[slot]);
    live[slot] = allocator.alloc(sizes[size]);
    if (++slot === numLive) slot = 0;
    if (++size === sizes.length) size = 0;
  }
  return cpuSeconds() - start;
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
