import { legendOf } from '../block-colors.ts';
import type { BlockMap } from '../block-map.ts';
import { byId, h } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import { swatch } from '../headline.ts';
import type { Palette } from '../palette.ts';
import type { Caption } from '../share/picture.ts';
import { t } from '../text/text.ts';
import type { View } from './view.ts';

/** What the colours of the map and of the timeline mean, and what a cell stands for. */
export class Legends {
  private readonly drawnFrom = new DrawnFrom();

  private told: string | null = null;

  /**
   * @param map as it was last drawn.
   * @returns whether they say something else than before, and may leave the map another height.
   */
  show({ blocksPerCell, showsBranches, isComing }: BlockMap, view: View, palette: Palette): boolean {
    const { legend } = t();
    const { run, mode } = view;
    const { drawnFrom } = this;
    if (!drawnFrom.differs(blocksPerCell, showsBranches, isComing, run, mode, palette, legend)) return false;
    const entry = (color: string, label: string) => h('span', {}, swatch(color), label);
    byId('legend').replaceChildren(
      ...blockLegend(view, palette).map(({ color, label }) => entry(color, label)),
      ...(blocksPerCell > 1 ? [h('span', {}, legend.cell(blocksPerCell))] : []),
      ...(showsBranches ? [h('span', {}, legend.branches)] : []),
      ...(isComing ? [h('span', {}, legend.coming)] : []),
    );
    byId('timeline-legend').replaceChildren(
      entry(palette.css('chart-use'), legend.kvUse),
      entry(palette.css('chart-running'), legend.running),
      entry(palette.css('chart-waiting'), legend.waiting),
      entry(palette.css('chart-preempt'), legend.preemption),
    );
    const before = this.told;
    this.told = byId('legend').textContent;
    return this.told !== before;
  }
}

/** What the colours of the blocks mean. */
export function blockLegend({ mode, run }: View, palette: Palette): Caption['legend'] {
  return legendOf(mode, palette, run?.recording.header.pool.groups ?? []);
}
