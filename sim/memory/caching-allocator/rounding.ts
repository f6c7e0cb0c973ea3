import { MIB } from '../../units.ts';

/** The smallest block; every size and offset of a block is a multiple of it, so blocks count in units of it. */
export const UNIT = 512;
/** Rounded requests up to this are served from the small pool. */
export const SMALL_BYTES = MIB;
export const SMALL_SEGMENT = 2 * MIB;
export const LARGE_SEGMENT = 20 * MIB;
/** From here on a request gets a segment of its own size. */
const LARGE_ALLOC = 10 * MIB;
const LARGE_ROUNDING = 2 * MIB;

/** Entries of the table of roundup_power2_divisions: sizes from 2^20 to 2^36 bytes. */
export const NUM_DIVISIONS = 16;

/** Rounds up to a multiple. Exact below 2^53, where 32-bit arithmetic is not. */
function roundUp(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple;
}

/**
 * Bytes of the block that a request needs (`round_size`).
 * @param divisions entry i holds for requests with floor(log2 bytes) = 20 + i, the ends beyond.
 */
export function roundedBytes(bytes: number, divisions: Uint32Array): number {
  if (bytes < UNIT) return UNIT;
  const exponent = floorLog2(bytes);
  const parts = divisions[Math.min(Math.max(exponent - 20, 0), NUM_DIVISIONS - 1)];
  if (parts > 1 && bytes > UNIT * parts) return roundUp(bytes, powerOf2(exponent) / parts);
  return roundUp(bytes, UNIT);
}

/** Bytes asked of the driver for a rounded request (`get_allocation_size`). */
export function segmentBytes(rounded: number): number {
  if (rounded <= SMALL_BYTES) return SMALL_SEGMENT;
  if (rounded < LARGE_ALLOC) return LARGE_SEGMENT;
  return roundUp(rounded, LARGE_ROUNDING);
}

/** floor(log2 n) of a whole number from 1 to 2^53. */
export function floorLog2(n: number): number {
  return n < 0x8000_0000 ? 31 - Math.clz32(n) : 62 - Math.clz32(Math.floor(n / 0x8000_0000));
}

function powerOf2(exponent: number): number {
  return exponent < 31 ? 1 << exponent : (1 << (exponent - 31)) * 0x8000_0000;
}
