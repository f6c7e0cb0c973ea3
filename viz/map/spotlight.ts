import type { Cursor } from '../../sim/recording/cursor.ts';

/** The blocks that stand out, while the others are faint: those of a request, or a set that somebody names. */
export class Spotlight {
  private request: number | null = null;
  private named: ReadonlySet<number> | null = null;
  private blocks: ReadonlySet<number> = new Set();

  /**
   * A request's blocks change only together with their own state, so that they are among the changed ones.
   * @returns whether any block may have become faint, or stand out.
   */
  look(cursor: Cursor, request: number | null, named: ReadonlySet<number> | null): boolean {
    const isOther = request !== this.request || named !== null || this.named !== null;
    this.request = request;
    this.named = named;
    this.blocks = named ?? (request === null ? new Set() : blocksOf(cursor, request));
    return isOther;
  }

  isFaint(block: number): boolean {
    return (this.named !== null || this.request !== null) && !this.blocks.has(block);
  }
}

function blocksOf(cursor: Cursor, request: number): Set<number> {
  const blocks = new Set<number>();
  for (let which = 0; which < cursor.numTables(request); which++) {
    for (const block of cursor.table(request, which)) blocks.add(block);
  }
  return blocks;
}
