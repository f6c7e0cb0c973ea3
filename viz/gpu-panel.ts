import { type RankStrip, STRIP_KINDS, type StripKind } from '../sim/memory/rank-strip.ts';
import { changeAt, type ServingAllocator } from '../sim/memory/serving/serving-allocator.ts';
import { GIB, MIB } from '../sim/units.ts';
import { grouped } from '../sim/words.ts';
import { h } from './dom.ts';
import { swatch } from './headline.ts';
import { t } from './text/text.ts';

/** More segments than this are too thin to be told apart. */
const MAX_SEGMENTS = 400;

/** One strip per GPU, to scale; a strip opens to the segments of PyTorch's allocator with their holes. */
export class GpuPanel {
  private readonly root: HTMLElement;
  private readonly summary: HTMLElement;
  private readonly open = new Set<number>();
  private strips: readonly RankStrip[] = [];
  private allocators: readonly ServingAllocator[] = [];
  private refused: string | null = null;
  /** Rank → where its allocator at the cursor's step is told, if its strip is open. */
  private readonly served = new Map<number, HTMLElement>();
  private step = 0;

  constructor(root: HTMLElement, summary: HTMLElement) {
    this.root = root;
    this.summary = summary;
  }

  /**
   * @param allocators of a run, while it was served; none = a start that is only planned.
   * @param refused what would not start; the rest of the page may still be about the run before.
   */
  show(
    strips: readonly RankStrip[],
    allocators: readonly ServingAllocator[] = [],
    refused: string | null = null,
  ): void {
    this.strips = strips;
    this.allocators = allocators;
    this.refused = refused;
    this.served.clear();
    this.summary.textContent = (refused === null ? '' : t().gpus.refused(refused)) + summaryOf(strips);
    if (strips.length === 0) {
      this.root.replaceChildren(h('p', {}, t().gpus.none));
      return;
    }
    // What does not fit is drawn beyond the end of the GPU.
    const scale = Math.max(...strips.map(({ totalBytes, bytes }) => Math.max(totalBytes, sum(bytes))));
    const used = STRIP_KINDS.filter((_, i) => strips.some(({ bytes }) => bytes[i] > 0));
    this.root.replaceChildren(
      h(
        'div',
        { class: 'legend' },
        ...used.map((kind) => h('span', {}, swatch(`var(--mem-${kind})`), t().memory[kind])),
        ...(strips.some(overflows) ? [h('span', {}, t().gpus.beyond)] : []),
      ),
      ...strips.map((strip) => this.row(strip, scale)),
    );
    this.at(this.step);
  }

  /** The same in another language. */
  retell(): void {
    this.show(this.strips, this.allocators, this.refused);
  }

  /** The cursor is at a step. */
  at(step: number): void {
    this.step = step;
    for (const [rank, element] of this.served) {
      const allocator = this.allocators.find(({ ranks }) => ranks.includes(rank));
      const text = allocator === undefined ? '' : serving(allocator, step);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  private row(strip: RankStrip, scale: number): HTMLElement {
    const { rank, totalBytes, bytes } = strip;
    const bar = h('div', { class: 'strip', role: 'img', 'aria-label': describe(strip) });
    STRIP_KINDS.forEach((kind, i) => {
      if (bytes[i] <= 0) return;
      const part = h('div', { title: `${t().memory[kind]}: ${gib(bytes[i])}` });
      part.style.width = `${(bytes[i] / scale) * 100}%`;
      part.style.backgroundColor = `var(--mem-${kind})`;
      if (bytes[i] / scale > 0.09) part.append(h('span', {}, gib(bytes[i])));
      bar.append(part);
    });
    const end = h('i', { class: 'strip-end', 'aria-hidden': 'true' });
    end.style.left = `${(totalBytes / scale) * 100}%`;
    const beyond = h('i', { class: 'strip-beyond', 'aria-hidden': 'true' });
    beyond.style.left = end.style.left;
    bar.append(beyond, end);
    const isOpen = this.open.has(rank);
    const toggle = h(
      'button',
      {
        type: 'button',
        class: 'button link',
        'aria-expanded': String(isOpen),
        onclick: () => {
          if (isOpen) this.open.delete(rank);
          else this.open.add(rank);
          this.show(this.strips, this.allocators, this.refused);
        },
      },
      t().gpus.gpu(rank),
    );
    return h(
      'div',
      { class: 'strip-row' },
      toggle,
      bar,
      h('span', { class: 'strip-total' }, gib(totalBytes)),
      isOpen ? this.opened(strip) : null,
    );
  }

  private opened(strip: RankStrip): HTMLElement {
    const served = h('p', { class: 'served' });
    this.served.set(strip.rank, served);
    const row = segmentsOf(strip);
    row.append(served);
    return row;
  }
}

/** PyTorch's allocator between two steps of a run, and the most of it in the middle of one. */
function serving(allocator: ServingAllocator, step: number): string {
  const { changes, peakReservedBytes, peakAllocatedBytes, peakInactiveSplitBytes } = allocator;
  const at = changeAt(changes, step);
  const retries = changes.numAllocRetries[at] - changes.numAllocRetries[0];
  return (
    t().gpus.served(
      grouped(step),
      gib(changes.reservedBytes[at]),
      mib(changes.inactiveSplitBytes[at]),
      mib(changes.largestFreeBlock[at]),
      retries,
    ) + t().gpus.peak(gib(peakReservedBytes), gib(peakAllocatedBytes), mib(peakInactiveSplitBytes))
  );
}

/** PyTorch's segments side by side, their holes paler; what is reserved and not allocated is its fragmentation. */
function segmentsOf(strip: RankStrip): HTMLElement {
  const { segments, reservedBytes, allocatedBytes, inactiveSplitBytes, largestFreeBlock } = strip;
  const bar = h('div', { class: 'segments' });
  let drawn = 0;
  for (const { count, bytes, holds, holes } of segments) {
    for (let i = 0; i < count && drawn < MAX_SEGMENTS; i++, drawn++) {
      const empty = sum(holes);
      const segment = h('div', {
        title: t().gpus.segment(purposesOf(holds), mib(bytes), mib(empty)),
      });
      segment.style.flexGrow = String(bytes / MIB);
      const full = h('div');
      full.style.width = `${(1 - empty / bytes) * 100}%`;
      full.style.backgroundColor = `var(--mem-${holds.split(', ')[0] || 'free'})`;
      segment.append(full);
      bar.append(segment);
    }
  }
  const number = segments.reduce((total, { count }) => total + count, 0);
  return h(
    'div',
    { class: 'segments-row' },
    bar,
    h(
      'p',
      {},
      t().gpus.afterStart(
        number,
        gib(reservedBytes),
        gib(allocatedBytes),
        mib(inactiveSplitBytes),
        mib(largestFreeBlock),
      ),
    ),
  );
}

/** "weights, kv-cache" in words; what the engine calls it where there is no word for it. */
function purposesOf(holds: string): string {
  if (holds === '') return t().gpus.keptForLater;
  const names: Readonly<Record<string, string>> = { ...t().memory, 'cuda-graphs': t().memory.graphs };
  return holds
    .split(', ')
    .map((purpose) => (Object.hasOwn(names, purpose) ? names[purpose] : purpose))
    .join(', ');
}

function summaryOf(strips: readonly RankStrip[]): string {
  const [first] = strips;
  if (first === undefined) return t().gpus.title;
  const part = (kind: StripKind) => first.bytes[STRIP_KINDS.indexOf(kind)];
  return t().gpus.summary(gib(part('weights')), gib(part('kv-cache')), gib(first.totalBytes), strips.length);
}

/** A strip with room has what is free in it. */
function overflows({ totalBytes, bytes }: RankStrip): boolean {
  return sum(bytes) > totalBytes + MIB;
}

function describe({ rank, totalBytes, bytes }: RankStrip): string {
  const parts = STRIP_KINDS.flatMap((kind, i) =>
    bytes[i] > 0 ? [`${t().memory[kind]} ${gib(bytes[i])}`] : [],
  );
  return t().gpus.describe(rank, gib(totalBytes), parts.join(', '));
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(bytes >= 10 * GIB ? 1 : 2)} GiB`;
}

function mib(bytes: number): string {
  return `${grouped(Math.round(bytes / MIB))} MiB`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
