import { invariant } from '../../error.ts';
import { NO_REGION, type RegionAllocator } from './region-allocator.ts';

/** Index of the hole that is to be cut, among holes of those lengths in the order of offsets; or −1. */
export type ChooseHole = (lengths: readonly number[], wanted: number) => number;

export const firstFit: ChooseHole = (lengths, wanted) => lengths.findIndex((length) => length >= wanted);

/** The shortest hole that is long enough; the first of equal ones. */
export const bestFit: ChooseHole = (lengths, wanted) => {
  let best = -1;
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] >= wanted && (best < 0 || lengths[i] < lengths[best])) best = i;
  }
  return best;
};

/**
 * Holes in the order of offsets, cut from their front. No two of them touch, so there are at most as many as
 * regions and one more: plain arrays are enough.
 */
export class FreeList implements RegionAllocator {
  readonly numSlots: number;
  numFree: number;
  /** hole → first slot, and number of slots. */
  private readonly offsets: number[];
  private readonly lengths: number[];
  private readonly choose: ChooseHole;

  constructor(numSlots: number, choose: ChooseHole) {
    this.numSlots = numSlots;
    this.numFree = numSlots;
    this.choose = choose;
    this.offsets = numSlots > 0 ? [0] : [];
    this.lengths = numSlots > 0 ? [numSlots] : [];
  }

  get largestFree(): number {
    return this.lengths.reduce((most, length) => Math.max(most, length), 0);
  }

  get largestRegion(): number {
    return this.numSlots;
  }

  sizeFor(length: number): number {
    return length;
  }

  allocate(length: number): number {
    const { offsets, lengths } = this;
    const hole = this.choose(lengths, length);
    if (hole < 0) return NO_REGION;
    const offset = offsets[hole];
    this.numFree -= length;
    offsets[hole] += length;
    lengths[hole] -= length;
    if (lengths[hole] === 0) this.remove(hole);
    return offset;
  }

  release(offset: number, length: number): void {
    const { offsets, lengths } = this;
    const found = offsets.findIndex((start) => start >= offset);
    const after = found < 0 ? offsets.length : found;
    const before = after - 1;
    const endBefore = before < 0 ? 0 : offsets[before] + lengths[before];
    const startAfter = after === offsets.length ? this.numSlots : offsets[after];
    const end = offset + length;
    invariant(endBefore <= offset && end <= startAfter, 'a region that is released is not free');
    this.numFree += length;
    const joinsBefore = before >= 0 && endBefore === offset;
    const joinsAfter = after < offsets.length && end === startAfter;
    if (joinsBefore && joinsAfter) {
      lengths[before] += length + lengths[after];
      this.remove(after);
    } else if (joinsBefore) {
      lengths[before] += length;
    } else if (joinsAfter) {
      offsets[after] = offset;
      lengths[after] += length;
    } else {
      offsets.splice(after, 0, offset);
      lengths.splice(after, 0, length);
    }
  }

  holes(): [offset: number, length: number][] {
    return this.offsets.map((offset, hole) => [offset, this.lengths[hole]]);
  }

  private remove(hole: number): void {
    this.offsets.splice(hole, 1);
    this.lengths.splice(hole, 1);
  }
}
