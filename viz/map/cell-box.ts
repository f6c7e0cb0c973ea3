import type { PrefixBranches } from '../order/prefix-branches.ts';
import { cornerOf, gapOf, type Layout } from './layout.ts';
import type { Box } from './zoom.ts';

/** Share of a cell's height that a branch of the tree of prefixes takes. */
const LEVEL = 0.14;

/** What is painted of a cell that is one of many. */
export function plainBox(layout: Layout, at: number): Box {
  return { ...cornerOf(layout, at), width: layout.cell, height: layout.cell };
}

/**
 * What is painted of a cell that can be told apart. Along prefixes, each branch of the tree takes some of its height:
 * what is shared by more stands taller.
 */
export function detailedBox(layout: Layout, at: number, block: number, branches: PrefixBranches | null): Box {
  const { x, y } = cornerOf(layout, at);
  const size = layout.cell - gapOf(layout.cell);
  const inset =
    branches === null ? 0 : branches.levelOf(block) * Math.max(1, Math.floor(layout.cell * LEVEL));
  return { x, y: y + inset, width: size, height: size - inset };
}

/** Whether it goes on where the cell before it in its row ends. */
export function isJoined(
  layout: Layout,
  at: number,
  block: number,
  branches: PrefixBranches | null,
): boolean {
  return at % layout.columns > 0 && branches?.isJoined(block) === true;
}
