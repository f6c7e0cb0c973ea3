import { NS_PER_MS } from '../units.ts';
import type { BatchShape, StepTimeModel } from './step-time.ts';

/** What a batch is looked up by in a table of step times. */
export const TABLE_COLUMNS = ['requests', 'tokens', 'decodes', 'prefill_tokens', 'context'] as const;
export type TableColumn = (typeof TABLE_COLUMNS)[number];

/** Measured step times on a grid: every combination of the axes' values has one. */
export interface StepTable {
  /** Where it comes from. */
  readonly file: string;
  /** Slowest first; values ascending. */
  readonly axes: readonly { readonly column: TableColumn; readonly values: Float64Array }[];
  /** Milliseconds, in the order of the axes. */
  readonly ms: Float64Array;
}

/** Step times out of a table, and how many steps were outside of it. */
export interface TableStepTime extends StepTimeModel {
  readonly numClamped: number;
}

/** Linear between the points of the grid, along all axes at once; outside, the nearest edge's. */
export function tableStepTime(table: StepTable): TableStepTime {
  return new Interpolation(table);
}

/** Of an axis: the point at or below a value, and how far it is to the next one, from 0 to 1. */
interface Position {
  index: number;
  share: number;
}

class Interpolation implements TableStepTime {
  numClamped = 0;
  private readonly table: StepTable;
  private readonly positions: Position[];

  constructor(table: StepTable) {
    this.table = table;
    this.positions = table.axes.map(() => ({ index: 0, share: 0 }));
  }

  stepNs(batch: BatchShape): number {
    if (batch.numRequests === 0) return 1;
    const { axes } = this.table;
    let isInside = true;
    for (let i = 0; i < axes.length; i++) {
      const { column, values } = axes[i];
      if (!locate(values, coordinateOf(batch, column), this.positions[i])) isInside = false;
    }
    if (!isInside) this.numClamped++;
    return Math.max(1, Math.round(this.interpolate(0, 0) * NS_PER_MS));
  }

  /** Milliseconds along the axes from `axis` on, in the part of the table that begins at `offset`. */
  private interpolate(axis: number, offset: number): number {
    const { axes, ms } = this.table;
    if (axis === axes.length) return ms[offset];
    const { index, share } = this.positions[axis];
    const at = offset * axes[axis].values.length + index;
    const low = this.interpolate(axis + 1, at);
    return share === 0 ? low : low + share * (this.interpolate(axis + 1, at + 1) - low);
  }
}

/** Returns whether the value is within the axis. */
function locate(values: Float64Array, value: number, position: Position): boolean {
  const last = values.length - 1;
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= value) low = middle;
    else high = middle - 1;
  }
  position.index = low;
  position.share =
    low === last || value < values[0] ? 0 : (value - values[low]) / (values[low + 1] - values[low]);
  return value >= values[0] && value <= values[last];
}

function coordinateOf(batch: BatchShape, column: TableColumn): number {
  switch (column) {
    case 'requests':
      return batch.numRequests;
    case 'tokens':
      return batch.numTokens;
    case 'decodes':
      return batch.numDecodes;
    case 'prefill_tokens':
      return batch.numTokens - batch.numDecodes;
    case 'context':
      return meanContext(batch);
  }
}

/** Tokens that a request of the batch sees, its new ones included. */
function meanContext(batch: BatchShape): number {
  let sum = batch.decodeContextTokens;
  for (let i = 0; i < batch.numPrefills; i++) sum += batch.prefillComputed[i] + batch.prefillTokens[i];
  return sum / batch.numRequests;
}
