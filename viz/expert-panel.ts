import { type ExpertMap, stretchAt, timesTheMean } from '../sim/moe/expert-map.ts';
import { grouped } from '../sim/words.ts';
import { fitCanvas, h } from './dom.ts';
import { swatch } from './headline.ts';
import type { Palette } from './palette.ts';
import { Segmented } from './segmented.ts';
import { t } from './text/text.ts';

/** Upper ends of the scale's shades, × the layer's mean; what is beyond the last has the strongest. */
const SCALE_ENDS = [0.25, 0.5, 1, 1.5, 2, 3, 5];
const NEVER_USED = 'block-free';
/** Height of a layer's row, pixels: as tall as the map's height allows, and still to be pointed at. */
const MAX_ROW = 9;
const MIN_ROW = 4;
const USUAL_HEIGHT = 300;

interface Cell {
  readonly layer: number;
  readonly expert: number;
}

type Span = 'now' | 'run';
const SPANS: readonly Span[] = ['now', 'run'];

export interface ExpertElements {
  /** Hidden for models without experts. */
  readonly panel: HTMLElement;
  readonly summary: HTMLElement;
  /** Whether the map is of the time at the cursor, or of the whole run. */
  readonly span: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Tells about the cell under the pointer, or walked to with the arrow keys. */
  readonly readout: HTMLElement;
  readonly legend: HTMLElement;
  readonly facts: HTMLElement;
}

/** How often each expert of each layer was visited, as a heat map: layers down, experts across. */
export class ExpertPanel {
  private readonly elements: ExpertElements;
  private readonly announce: (text: string) => void;
  private palette: Palette;
  private experts: ExpertMap | null = null;
  private cell: Cell | null = null;
  private readonly choice: Segmented<Span>;
  private span: Span = 'now';
  private step = 0;
  /** Of the time that is shown; null: the whole run. */
  private stretch: number | null = null;

  constructor(elements: ExpertElements, palette: Palette, announce: (text: string) => void) {
    this.elements = elements;
    this.palette = palette;
    this.announce = announce;
    const { canvas } = elements;
    this.choice = new Segmented(
      elements.span,
      SPANS,
      (span) => t().experts[span],
      (span) => this.choose(span),
    );
    canvas.addEventListener('pointermove', (event) => {
      const cell = this.cellAt(event);
      // Drawn once a cell, not once a pixel.
      if (cell?.layer !== this.cell?.layer || cell?.expert !== this.cell?.expert) this.point(cell);
    });
    canvas.addEventListener('pointerdown', (event) => this.point(this.cellAt(event)));
    canvas.addEventListener('pointerleave', (event) => {
      // A finger that is lifted leaves, too: what it tapped stays told.
      if (event.pointerType !== 'touch') this.point(null);
    });
    canvas.addEventListener('keydown', (event) => this.walk(event));
    // It has no size before the panel is opened.
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(experts: ExpertMap | null): void {
    const { panel, summary, canvas, facts } = this.elements;
    this.experts = experts;
    panel.hidden = experts === null;
    if (experts === null) return;
    const { numLayers } = experts;
    const row = Math.max(MIN_ROW, Math.min(MAX_ROW, Math.floor(USUAL_HEIGHT / numLayers)));
    canvas.style.height = `${row * numLayers}px`;
    summary.textContent = summaryOf(experts);
    canvas.setAttribute('aria-label', labelOf(experts));
    facts.replaceChildren(...factsOf(experts).map((fact) => h('li', {}, fact)));
    this.elements.span.hidden = experts.history === undefined;
    this.cell = null;
    this.step = 0;
    this.choose(this.span);
    this.restyle(this.palette);
  }

  /** The cursor is at a step. */
  at(step: number): void {
    this.step = step;
    if (this.experts === null || this.stretch === this.wanted()) return;
    this.stretch = this.wanted();
    this.point(this.cell);
  }

  private choose(span: Span): void {
    this.span = span;
    this.choice.show(span);
    this.stretch = this.wanted();
    this.point(this.cell);
  }

  private wanted(): number | null {
    return this.experts === null || this.span === 'run' ? null : stretchAt(this.experts, this.step);
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    const texts = t().experts;
    const label = (shade: number) => {
      if (shade === 0) return texts.upTo(SCALE_ENDS[0]);
      if (shade === SCALE_ENDS.length) return texts.moreThan(SCALE_ENDS[shade - 1]);
      return texts.to(SCALE_ENDS[shade]);
    };
    this.elements.legend.replaceChildren(
      h('span', {}, swatch(`var(--${NEVER_USED})`), texts.neverUsed),
      ...Array.from({ length: SCALE_ENDS.length + 1 }, (_, shade) =>
        h('span', {}, swatch(palette.counts[shade]), label(shade)),
      ),
    );
    this.draw();
  }

  private draw(): void {
    const { experts, palette, cell, stretch } = this;
    const { canvas } = this.elements;
    if (experts === null || canvas.clientWidth === 0) return;
    const { context, width, height } = fitCanvas(canvas);
    const { numLayers, numExperts } = experts;
    const cellWidth = width / numExperts;
    const cellHeight = height / numLayers;
    // Gaps between cells only where there is room for them.
    const gap = cellWidth >= 6 && cellHeight >= 6 ? 1 : 0;
    context.clearRect(0, 0, width, height);
    for (let layer = 0; layer < numLayers; layer++) {
      const y = Math.round(layer * cellHeight);
      const bottom = Math.round((layer + 1) * cellHeight);
      for (let expert = 0; expert < numExperts; expert++) {
        context.fillStyle = colorOf(timesTheMean(experts, layer, expert, stretch), palette);
        const x = gap === 0 ? expert * cellWidth : Math.round(expert * cellWidth);
        const right = gap === 0 ? (expert + 1) * cellWidth : Math.round((expert + 1) * cellWidth);
        context.fillRect(x, y, right - x - gap, bottom - y - gap);
      }
    }
    if (cell === null) return;
    // A light line within a dark one stands out from every shade.
    for (const [color, out] of [
      [palette.css('text'), 2],
      [palette.css('surface'), 0],
    ] as const) {
      context.strokeStyle = color;
      context.lineWidth = 2;
      const x = cell.expert * cellWidth - out;
      const y = cell.layer * cellHeight - out;
      context.strokeRect(x, y, cellWidth + 2 * out, cellHeight + 2 * out);
    }
  }

  private cellAt({ offsetX, offsetY }: PointerEvent): Cell | null {
    const { experts } = this;
    const { clientWidth, clientHeight } = this.elements.canvas;
    if (experts === null || offsetX < 0 || offsetY < 0) return null;
    const expert = Math.floor((offsetX / clientWidth) * experts.numExperts);
    const layer = Math.floor((offsetY / clientHeight) * experts.numLayers);
    return expert < experts.numExperts && layer < experts.numLayers ? { layer, expert } : null;
  }

  private walk(event: KeyboardEvent): void {
    const { experts, cell } = this;
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (by === undefined || experts === null || event.altKey || event.ctrlKey || event.metaKey) return;
    // The page's own arrow keys move in time.
    event.preventDefault();
    event.stopPropagation();
    const next =
      cell === null ? { layer: 0, expert: 0 } : { layer: cell.layer + by[0], expert: cell.expert + by[1] };
    const isThere = (at: number, end: number) => at >= 0 && at < end;
    if (!isThere(next.layer, experts.numLayers) || !isThere(next.expert, experts.numExperts)) return;
    this.point(next);
    this.announce(tell(experts, next, this.stretch));
  }

  private point(cell: Cell | null): void {
    const { experts } = this;
    if (experts === null) return;
    this.cell = cell;
    this.elements.readout.textContent =
      cell === null ? introduce(experts, this.stretch) : tell(experts, cell, this.stretch);
    this.draw();
  }
}

function colorOf(times: number, palette: Palette): string {
  if (times === 0) return palette.css(NEVER_USED);
  const shade = SCALE_ENDS.findIndex((end) => times <= end);
  return palette.counts[shade < 0 ? SCALE_ENDS.length : shade];
}

/** "Steps 0 to 99": the time that the map is of. */
function timeOf({ history }: ExpertMap, stretch: number | null): string | null {
  if (history === undefined || stretch === null) return null;
  const first = stretch * history.stepsPerStretch;
  return t().time.steps(grouped(first), grouped(first + history.stepsPerStretch - 1));
}

function introduce(experts: ExpertMap, stretch: number | null): string {
  const time = timeOf(experts, stretch);
  const ratio = experts.history?.imbalance[stretch ?? 0] ?? 0;
  const busiest = ratio > 0 ? t().experts.busiest(ratio.toFixed(2)) : '';
  return `${time === null ? '' : `${time}${busiest}. `}${t().experts.intro}`;
}

function tell(experts: ExpertMap, { layer, expert }: Cell, stretch: number | null = null): string {
  const { rankOf, numStages, numRearrangements } = experts;
  const time = timeOf(experts, stretch);
  const times = timesTheMean(experts, layer, expert, stretch).toFixed(2);
  // A stage's ranks are not the first GPUs of the machine; the load balancer moves experts later on.
  const texts = t().experts;
  const where = rankOf.length === 0 ? '' : texts.on(rankOf[expert], numStages > 1, numRearrangements > 0);
  return `${time === null ? '' : `${time}: `}${texts.tell(layer, expert, times)}${where}`;
}

function summaryOf({ numLayers, numExperts, numRanks, rankOf, cache }: ExpertMap): string {
  const texts = t().experts;
  const spread = rankOf.length > 0 ? texts.spread(numRanks) : texts.cut(numRanks);
  const parts = [
    texts.summary(numExperts, numLayers),
    numRanks === 1 ? null : spread,
    cache === null ? null : texts.inHost,
    cache === null || cache.slots === 0 ? null : texts.cachedSlots(cache.slots),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function labelOf(experts: ExpertMap): string {
  const { numLayers, numExperts, load } = experts;
  // A loop: there are more cells than a call can have arguments.
  const busiest = load.reduce((best, cell, i) => (cell > load[best] ? i : best), 0);
  const cell = { layer: Math.floor(busiest / numExperts), expert: busiest % numExperts };
  return t().experts.label(numExperts, numLayers, tell(experts, cell));
}

function factsOf({ imbalance, bufferBytes, cache, numRearrangements, notes }: ExpertMap): string[] {
  const texts = t().experts;
  const least = bufferBytes.reduce((low, bytes) => Math.min(low, bytes), Number.POSITIVE_INFINITY);
  const most = bufferBytes.reduce((high, bytes) => Math.max(high, bytes), 0);
  const buffers = least < most ? texts.byGpu(mib(least), mib(most)) : texts.onEach(mib(most));
  const facts = [texts.layersCounted, texts.buffers(buffers)];
  if (imbalance !== null) {
    const { mean, worst } = imbalance;
    facts.push(texts.imbalance(mean.toFixed(2), worst.toFixed(2)));
  }
  if (numRearrangements > 0) {
    facts.push(texts.rearranged(numRearrangements));
  }
  if (cache !== null) {
    const { slots, policy, hitRate } = cache;
    const kept = slots === 0 ? texts.noCache : texts.slots(slots, policy);
    const hits = hitRate === null ? texts.notUsed : texts.hitRate((hitRate * 100).toFixed(1));
    facts.push(texts.host(kept, hits));
  }
  return [...facts, ...notes.map((note) => texts.note(note))];
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
