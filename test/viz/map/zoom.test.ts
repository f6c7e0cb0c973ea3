import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cellOf,
  cornerOf,
  type Layout,
  layoutFor,
  numRows,
  slotsOf,
  zoomLevels,
} from '../../../viz/map/layout.ts';
import { Zoom } from '../../../viz/map/zoom.ts';

const size = { width: fc.integer({ min: 70, max: 900 }), height: fc.integer({ min: 80, max: 700 }) };
const wholes = fc
  .record({ numGpuBlocks: fc.integer({ min: 1, max: 20_000 }), numCpuBlocks: fc.nat(3000), ...size })
  .map(({ numGpuBlocks, numCpuBlocks, width, height }) => ({
    width,
    height,
    whole: layoutFor(numGpuBlocks, numGpuBlocks + numCpuBlocks, width, height),
  }));

const rowOf = (layout: Layout, slot: number) => Math.floor(cellOf(layout, slot) / layout.columns);

test('each slot has a place in one cell, and all cells fit', () => {
  fc.assert(
    fc.property(wholes, ({ whole, width, height }) => {
      let next = 0;
      for (let cell = 0; cell < numRows(whole) * whole.columns; cell++) {
        const { first, end } = slotsOf(whole, cell);
        if (first === end) continue;
        if (first !== next || cellOf(whole, first) !== cell || cellOf(whole, end - 1) !== cell) break;
        next = end;
      }
      expect(next).toBe(whole.numBlocks);
      expect(whole.columns * whole.cell).toBeLessThanOrEqual(width);
      // Pools of GPU and CPU have a label between them, for which a tiny canvas has no room.
      if (whole.numBlocks === whole.numGpuBlocks)
        expect(numRows(whole) * whole.cell).toBeLessThanOrEqual(height);
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('from level to level blocks stay in their rows, until each has a large cell of its own', () => {
  fc.assert(
    fc.property(wholes, fc.nat(), ({ whole }, any) => {
      const levels = zoomLevels(whole);
      const slot = any % whole.numBlocks;
      for (const level of levels) expect(rowOf(level, slot)).toBe(rowOf(whole, slot));
      const last = levels[levels.length - 1];
      expect([last.cell, last.blocksPerCell]).toEqual([64, 1]);
    }),
    { numRuns: 100, seed: 2 },
  );
});

test('what is zoomed to or revealed is in sight, and there is no way out of the map', () => {
  const act = fc.record({
    levels: fc.integer({ min: -3, max: 3 }),
    x: fc.nat(900),
    y: fc.nat(700),
    pan: fc.boolean(),
  });
  fc.assert(
    fc.property(wholes, fc.array(act, { maxLength: 12 }), fc.nat(), ({ whole, width, height }, acts, any) => {
      const zoom = new Zoom();
      zoom.fit(whole, width, height);
      for (const { levels, x, y, pan } of acts) {
        if (pan) zoom.pan(x - 450, y - 350);
        else zoom.by(levels, { x: x % width, y: y % height });
        const { layout, inSight } = zoom;
        expect(inSight.x).toBeGreaterThanOrEqual(0);
        expect(inSight.y).toBeGreaterThanOrEqual(0);
        expect(inSight.x).toBeLessThanOrEqual(Math.max(0, layout.columns * layout.cell - width));
        expect(inSight.y).toBeLessThanOrEqual(Math.max(0, numRows(layout) * layout.cell - height));
      }
      const slot = any % whole.numBlocks;
      zoom.reveal(slot);
      const { layout, inSight } = zoom;
      const { x, y } = cornerOf(layout, cellOf(layout, slot));
      expect(x).toBeGreaterThanOrEqual(inSight.x);
      expect(x + layout.cell).toBeLessThanOrEqual(inSight.x + Math.max(width, layout.cell));
      if (numRows(whole) * whole.cell <= height) expect(y).toBeGreaterThanOrEqual(inSight.y);
    }),
    { numRuns: 100, seed: 3 },
  );
});

test('what is under the pointer stays there', () => {
  const zoom = new Zoom();
  zoom.fit(layoutFor(100_000, 100_000, 800, 500), 800, 500);
  const slotAt = (x: number, y: number) => {
    const { layout, inSight } = zoom;
    const row = Math.floor((inSight.y + y) / layout.cell);
    return slotsOf(layout, row * layout.columns + Math.floor((inSight.x + x) / layout.cell)).first;
  };
  const slot = slotAt(400, 250);
  while (!zoom.isIn) {
    zoom.by(1, { x: 400, y: 250 });
    expect(slotAt(400, 250)).toBe(slot);
  }
  // Of a canvas of another size, in its corner.
  const corner = slotAt(0, 0);
  zoom.fit(layoutFor(100_000, 100_000, 700, 540), 700, 540);
  expect(slotAt(0, 0)).toBe(corner);
  zoom.out();
  // The first block is at the edge, and stays.
  while (!zoom.isIn) zoom.around(0, 1);
  expect([zoom.inSight.x, zoom.inSight.y]).toEqual([0, 0]);
  zoom.by(-100, { x: 0, y: 0 });
  expect(zoom.isOut).toBe(true);
  expect(zoom.inSight).toEqual({ x: 0, y: 0, width: 700, height: 540 });
});
