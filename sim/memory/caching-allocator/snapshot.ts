import { type BlockTable, Flag, NONE } from './block-table.ts';
import { UNIT } from './rounding.ts';

/** `pending_free`: freed, but other streams may still use it. */
export type BlockState = 'allocated' | 'pending_free' | 'inactive';

/** One block; bytes. `requested` is 0 for inactive ones. */
export interface BlockSnapshot {
  readonly offset: number;
  readonly bytes: number;
  readonly state: BlockState;
  readonly requested: number;
}

/** A cudaMalloc, or a mapped stretch of an expandable segment; bytes. */
export interface SegmentSnapshot {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  readonly stream: number;
  readonly pool: 'small' | 'large';
  readonly isExpandable: boolean;
  /** Handed out. */
  readonly allocated: number;
  /** Handed out or waiting for events. */
  readonly active: number;
  /** What was asked for, of the active blocks. */
  readonly requested: number;
  readonly blocks: readonly BlockSnapshot[];
}

/** All mapped memory in order of addresses. */
export function snapshotOf(table: BlockTable): SegmentSnapshot[] {
  const starts: number[] = [];
  for (let row = 1; row < table.numRows; row++) {
    const before = table.prev[row];
    const isStart = before === NONE || !table.has(before, Flag.Mapped);
    if (table.has(row, Flag.Mapped) && isStart) starts.push(row);
  }
  starts.sort((a, b) => (table.isBelow(a, b) ? -1 : 1));
  return starts.map((start) => stretchFrom(table, start));
}

function stretchFrom(table: BlockTable, start: number): SegmentSnapshot {
  const blocks: BlockSnapshot[] = [];
  let bytes = 0;
  let allocated = 0;
  let active = 0;
  let requested = 0;
  for (let row = start; row !== NONE && table.has(row, Flag.Mapped); row = table.next[row]) {
    const block = blockOf(table, row);
    blocks.push(block);
    bytes += block.bytes;
    requested += block.requested;
    if (block.state === 'allocated') allocated += block.bytes;
    if (block.state !== 'inactive') active += block.bytes;
  }
  return {
    segment: table.segment[start],
    offset: blocks[0].offset,
    bytes,
    stream: table.stream[start],
    pool: table.has(start, Flag.Small) ? 'small' : 'large',
    isExpandable: table.has(start, Flag.Expandable),
    allocated,
    active,
    requested,
    blocks,
  };
}

function blockOf(table: BlockTable, row: number): BlockSnapshot {
  const state = table.has(row, Flag.Allocated)
    ? 'allocated'
    : table.numEvents[row] > 0
      ? 'pending_free'
      : 'inactive';
  return {
    offset: table.offset[row] * UNIT,
    bytes: table.units[row] * UNIT,
    state,
    requested: state === 'inactive' ? 0 : table.requested[row],
  };
}
