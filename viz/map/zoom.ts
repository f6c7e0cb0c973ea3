import {
  cellOf,
  cornerOf,
  DETAILED_CELL,
  type Layout,
  NOTHING,
  numCells,
  numRows,
  slotsOf,
  zoomLevels,
} from './layout.ts';

/** Of more cells in sight than that no details are shown, however large they are. */
const MAX_DETAILED_CELLS = 6000;

/** On the canvas, CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A place in the cell of a slot, as shares of its width and height. */
interface Spot {
  readonly slot: number;
  readonly across: number;
  readonly down: number;
}

/** A part of a layout, CSS pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const NOWHERE: Point = { x: -1, y: -1 };

/** Which part of the map is in sight: how large its cells are, and where the canvas lies over them. */
export class Zoom {
  private levels: readonly Layout[] = [NOTHING];
  private level = 0;
  private x = 0;
  private y = 0;
  private width = 0;
  private height = 0;

  get layout(): Layout {
    return this.levels[this.level];
  }
  /** That which shows all. */
  get whole(): Layout {
    return this.levels[0];
  }
  get inSight(): Box {
    return { x: this.x, y: this.y, width: this.width, height: this.height };
  }
  get isOut(): boolean {
    return this.level === 0;
  }
  get isIn(): boolean {
    return this.level === this.levels.length - 1;
  }

  /** Cells are large and few enough to show what is in them. */
  get isDetailed(): boolean {
    const { cell, blocksPerCell } = this.layout;
    if (blocksPerCell > 1 || cell < DETAILED_CELL) return false;
    const most = Math.ceil(this.width / cell) * Math.ceil(this.height / cell);
    return Math.min(numCells(this.layout), most) <= MAX_DETAILED_CELLS;
  }

  /** Cells in which something stands, and which are at least partly in sight. */
  *cellsInSight(): Iterable<number> {
    const { layout, x, y, width, height } = this;
    const { cell, columns } = layout;
    const left = Math.floor(x / cell);
    const right = Math.min(columns, Math.ceil((x + width) / cell));
    const bottom = Math.min(numRows(layout), Math.ceil((y + height) / cell));
    for (let row = Math.floor(y / cell); row < bottom; row++) {
      for (let at = row * columns + left; at < row * columns + right; at++) {
        const { first, end } = slotsOf(layout, at);
        if (first < end) yield at;
      }
    }
  }

  /** The canvas has that size, or other blocks are shown, which have this layout there. What is in its corner stays. */
  fit(whole: Layout, width: number, height: number): void {
    const { cell } = this.layout;
    const corner = this.isOut ? null : this.spotAt({ x: 0, y: 0 });
    this.levels = zoomLevels(whole);
    this.width = width;
    this.height = height;
    if (corner === null) return;
    const level = this.levels.findIndex((layout) => layout.blocksPerCell === 1 && layout.cell >= cell);
    this.level = level < 0 ? this.levels.length - 1 : level;
    this.put(corner, { x: 0, y: 0 });
  }

  /** All of it in sight. */
  out(): void {
    this.level = 0;
    this.pan(0, 0);
  }

  /** So many levels closer, or farther; what is at that point of the canvas stays there. */
  by(levels: number, point: Point): void {
    const spot = this.spotAt(point);
    this.level = Math.max(0, Math.min(this.levels.length - 1, this.level + levels));
    this.put(spot, point);
  }

  /** So many levels closer, or farther, to a slot, if it is in sight; else to the middle. */
  around(slot: number | null, levels: number): void {
    const { x, y } = slot === null ? NOWHERE : cornerOf(this.layout, cellOf(this.layout, slot));
    const point = { x: x - this.x, y: y - this.y };
    const isInSight = point.x >= 0 && point.y >= 0 && point.x < this.width && point.y < this.height;
    this.by(levels, isInSight ? point : { x: this.width / 2, y: this.height / 2 });
    if (isInSight && slot !== null) this.reveal(slot);
  }

  private spotAt({ x, y }: Point): Spot {
    const { cell, columns } = this.layout;
    const column = Math.min(columns - 1, Math.max(0, (this.x + x) / cell));
    const row = Math.min(numRows(this.layout) - 1, Math.max(0, (this.y + y) / cell));
    const { first } = slotsOf(this.layout, Math.floor(row) * columns + Math.floor(column));
    return { slot: first, across: column % 1, down: row % 1 };
  }

  private put({ slot, across, down }: Spot, { x, y }: Point): void {
    const { cell } = this.layout;
    const corner = cornerOf(this.layout, cellOf(this.layout, slot));
    this.x = corner.x + across * cell - x;
    this.y = corner.y + down * cell - y;
    this.pan(0, 0);
  }

  /** Moves the map under the canvas, as far as there is more of it. */
  pan(right: number, down: number): void {
    const { cell, columns } = this.layout;
    this.x = within(this.x - right, columns * cell - this.width);
    this.y = within(this.y - down, numRows(this.layout) * cell - this.height);
  }

  /** Moves the map as little as it takes to have that slot in sight. */
  reveal(slot: number): void {
    const { cell } = this.layout;
    const { x, y } = cornerOf(this.layout, cellOf(this.layout, slot));
    this.x = Math.max(Math.min(this.x, x), x + cell - this.width);
    this.y = Math.max(Math.min(this.y, y), y + cell - this.height);
    this.pan(0, 0);
  }
}

function within(value: number, most: number): number {
  return Math.round(Math.max(0, Math.min(most, value)));
}
