import type { Plan } from './plan.ts';
import type { RankStrip } from './rank-strip.ts';

/** The memory of every rank of a plan; empty where the arguments were refused before memory was looked at. */
export function rankStrips({ ranks }: Plan): RankStrip[] {
  return ranks.map((rank) => {
    const { allocator } = rank;
    const parts = [
      rank.otherBytes,
      rank.nonTorchBytes,
      rank.weightBytes + rank.balancerBytes + rank.drafterBytes,
      rank.activationBytes,
      rank.cudaGraphBytes,
      rank.kvCacheBytes,
    ];
    const taken = parts.reduce((sum, bytes) => sum + bytes, 0);
    return {
      rank: rank.rank,
      totalBytes: rank.totalBytes,
      bytes: [...parts, Math.max(0, rank.totalBytes - taken)],
      segments: allocator.segments.map(({ count, bytes, holds, holes }) => ({
        count,
        bytes,
        holds: holds.join(', '),
        holes,
      })),
      reservedBytes: allocator.reservedBytes,
      allocatedBytes: allocator.allocatedBytes,
      inactiveSplitBytes: allocator.inactiveSplitBytes,
      largestFreeBlock: allocator.largestFreeBlock,
    };
  });
}
