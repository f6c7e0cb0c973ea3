import type { Cursor } from '../../sim/recording/cursor.ts';

/** Some of the GPU's blocks in an order that is a pure function of the state at the cursor. */
export interface OrderPart {
  /** Makes it anew. */
  arrange(cursor: Cursor): void;
  /**
   * Makes it what arrange() would, where only these blocks of the GPU have changed.
   * @returns whether it could; else it is to be made anew.
   */
  follow(cursor: Cursor, changed: Int32Array): boolean;
  readonly length: number;
  has(block: number): boolean;
  /** Where a block of it stands, from 0 on. */
  placeOf(block: number): number;
  /** Writes all of it, from a place of the target on. @returns the place behind it. */
  writeTo(target: Int32Array, from: number): number;
}
