import type { BlockMap } from '../block-map.ts';
import { byId, h } from '../dom.ts';
import { swatch } from '../headline.ts';
import type { Palette } from '../palette.ts';
import type { Caption } from '../share/picture.ts';
import { t } from '../text/text.ts';

/** Says what the colours of the map and of the timeline mean, and what a cell stands for. */
export function showLegends(
  { blocksPerCell, showsBranches }: BlockMap,
  colors: Caption['legend'],
  palette: Palette,
): void {
  const { legend } = t();
  const entry = (color: string, label: string) => h('span', {}, swatch(color), label);
  byId('legend').replaceChildren(
    ...colors.map(({ color, label }) => entry(color, label)),
    ...(blocksPerCell > 1 ? [h('span', {}, legend.cell(blocksPerCell))] : []),
    ...(showsBranches ? [h('span', {}, legend.branches)] : []),
  );
  byId('timeline-legend').replaceChildren(
    entry(palette.css('chart-use'), legend.kvUse),
    entry(palette.css('chart-running'), legend.running),
    entry(palette.css('chart-waiting'), legend.waiting),
    entry(palette.css('chart-preempt'), legend.preemption),
  );
}
