/** Where cells stand: row by row, from the left. Lengths are CSS pixels. */
export interface Layout {
  readonly cell: number;
  readonly columns: number;
  /** Blocks in one cell: more than 1 where there are more blocks than pixels. */
  readonly blocksPerCell: number;
  readonly numBlocks: number;
  /** Blocks of the GPU, which come first; those of the CPU start in a row of their own, from this cell on. */
  readonly numGpuBlocks: number;
  readonly cpuStart: number;
}

/** Cells at least this wide show gutters and how full a block is. */
export const DETAILED_CELL = 7;
const MAX_CELL = 64;
/** Cells and rows may be this much smaller for the sake of round rows. */
const LEAST_SHRINK = 0.85;
/** What a level of zoom makes cells larger by, once there is a cell for each block. */
const ZOOM = 1.5;

export const NOTHING: Layout = {
  cell: 1,
  columns: 1,
  blocksPerCell: 1,
  numBlocks: 0,
  numGpuBlocks: 0,
  cpuStart: 0,
};

/** The cell of a slot: of a block's id, or of where it stands in another order. */
export function cellOf({ numGpuBlocks, cpuStart, blocksPerCell }: Layout, slot: number): number {
  if (slot < numGpuBlocks) return Math.floor(slot / blocksPerCell);
  return cpuStart + Math.floor((slot - numGpuBlocks) / blocksPerCell);
}

/** The slots of a cell, the last one not included; none where nothing stands. */
export function slotsOf(layout: Layout, cell: number): { readonly first: number; readonly end: number } {
  const { blocksPerCell, numBlocks, numGpuBlocks, cpuStart } = layout;
  const onGpu = cell * blocksPerCell;
  if (onGpu < numGpuBlocks) return { first: onGpu, end: Math.min(numGpuBlocks, onGpu + blocksPerCell) };
  const first = numGpuBlocks + (cell - cpuStart) * blocksPerCell;
  if (cell < cpuStart || first >= numBlocks) return { first: 0, end: 0 };
  return { first, end: Math.min(numBlocks, first + blocksPerCell) };
}

/** Cells, those that are empty between GPU and CPU included. */
export function numCells(layout: Layout): number {
  return cellOf(layout, layout.numBlocks - 1) + 1;
}

export function numRows(layout: Layout): number {
  return Math.ceil(numCells(layout) / layout.columns);
}

/** The corner of a cell. */
export function cornerOf({ cell, columns }: Layout, at: number): { readonly x: number; readonly y: number } {
  return { x: (at % columns) * cell, y: Math.floor(at / columns) * cell };
}

/** Between detailed cells. */
export function gapOf(cell: number): number {
  return cell >= 14 ? 2 : 1;
}

/**
 * The largest cells with which all blocks fit, or slightly smaller ones if rows then have 8, 16, 24, …
 * blocks, which are easier to count in.
 */
export function layoutFor(numGpuBlocks: number, numBlocks: number, width: number, height: number): Layout {
  const layout = (cell: number, columns: number, blocksPerCell = 1): Layout => {
    // Enough empty rows for a label.
    const numGpuRows = Math.ceil(numGpuBlocks / blocksPerCell / columns);
    const cpuStart = (numGpuRows + Math.max(1, Math.ceil(12 / cell))) * columns;
    return { cell, columns, blocksPerCell, numBlocks, numGpuBlocks, cpuStart };
  };
  const fits = (cell: number, columns: number) =>
    columns >= 1 && numRows(layout(cell, columns)) * cell <= height;
  let cell = Math.min(MAX_CELL, Math.floor(Math.sqrt((width * height) / numBlocks)) + 1);
  while (cell >= 1 && !fits(cell, Math.floor(width / cell))) cell--;
  for (let smaller = cell; smaller >= Math.max(1, cell * LEAST_SHRINK); smaller--) {
    const columns = Math.floor(width / smaller);
    const round = columns - (columns % 8);
    if (round * smaller >= width * LEAST_SHRINK && fits(smaller, round)) return layout(smaller, round);
  }
  if (cell >= 1) return layout(cell, Math.floor(width / cell));
  const columns = Math.floor(width);
  const cells = columns * Math.max(1, Math.floor(height) - (numBlocks === numGpuBlocks ? 0 : 14));
  return layout(1, columns, Math.ceil(numBlocks / cells));
}

/**
 * From the layout that shows all blocks at once to one in which single blocks can be read. First cells are taken
 * apart until each is one block, then they grow: every block stays in its row, and in its order there.
 */
export function zoomLevels(base: Layout): Layout[] {
  const levels = [base];
  const { blocksPerCell, cpuStart, columns } = base;
  if (blocksPerCell > 1) {
    levels.push({
      ...base,
      columns: columns * blocksPerCell,
      blocksPerCell: 1,
      cpuStart: cpuStart * blocksPerCell,
    });
  }
  for (;;) {
    const last = levels[levels.length - 1];
    if (last.cell >= MAX_CELL) return levels;
    const cell = Math.min(MAX_CELL, Math.max(last.cell + 1, Math.round(last.cell * ZOOM)));
    levels.push({ ...last, cell });
  }
}
