/**
 * A 64-bit digest of bytes, as 16 hex digits: two multiply-and-rotate lanes in portable 32-bit arithmetic.
 * It tells recordings apart and finds damaged files; it is no protection against forgery.
 */
export class Digest {
  private low = 0x9e3779b9 | 0;
  private high = 0x7f4a7c15 | 0;
  private length = 0;

  /** Adds the bytes behind a typed array. */
  add(array: ArrayBufferView): this {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let { low, high } = this;
    const words = bytes.length >> 2;
    for (let i = 0; i < words; i++) {
      const at = i * 4;
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      low = Math.imul(low ^ word, 0x85ebca6b);
      low = (low << 13) | (low >>> 19);
      high = Math.imul(high ^ low ^ word, 0xc2b2ae35);
      high = (high << 15) | (high >>> 17);
    }
    for (let i = words * 4; i < bytes.length; i++) {
      low = Math.imul(low ^ bytes[i], 0x01000193);
      high = Math.imul(high ^ low, 0x85ebca6b);
    }
    this.low = low;
    this.high = high;
    this.length += bytes.length;
    return this;
  }

  toString(): string {
    const low = mix(this.low ^ this.length);
    const high = mix(this.high ^ low);
    return hex(high) + hex(low);
  }
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
