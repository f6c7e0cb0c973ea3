import type { Cursor } from '../sim/recording/cursor.ts';
import { numUsableBlocks, schedulerAt } from '../sim/recording/recording.ts';
import type { SlotShares } from '../sim/report/summary.ts';
import { NS_PER_S } from '../sim/units.ts';
import { grouped } from '../sim/words.ts';
import { type Derived, slotSharesAt } from './derived.ts';
import { h, say } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import { t } from './text/text.ts';

const FIGURES = ['time', 'use', 'running', 'waiting', 'swapped', 'preempted', 'hits'] as const;
type FigureName = (typeof FIGURES)[number];
const WASTE_PARTS: readonly { part: keyof SlotShares; token: string }[] = [
  { part: 'tokens', token: '--waste-tokens' },
  { part: 'internal', token: '--waste-internal' },
  { part: 'reserved', token: '--waste-reserved' },
  { part: 'cachedFree', token: '--waste-cached' },
  { part: 'free', token: '--waste-free' },
];

interface Figure {
  readonly root: HTMLElement;
  readonly value: Text;
  readonly unit: Text;
}

interface WastePart {
  readonly part: keyof SlotShares;
  readonly bar: HTMLElement;
  readonly text: Text;
  readonly shows: DrawnFrom;
}

/** The row of numbers above the map, for the step at the cursor. */
export class Headline {
  private readonly figures = new Map<string, Figure>();
  private readonly waste: HTMLElement;
  private readonly wasteParts: WastePart[] = [];

  private readonly trust = h('button', { type: 'button', class: 'button link' });
  private readonly trustFigure = h(
    'div',
    { hidden: true },
    h('div', { class: 'figure-label' }, () => t().headline.trust),
    h('div', { class: 'figure-value' }, this.trust),
  );

  /** @param onTrust somebody asks what the times rest on. */
  constructor(root: HTMLElement, onTrust: () => void) {
    this.trust.addEventListener('click', onTrust);
    const figure = (key: FigureName) => {
      const value = document.createTextNode('');
      const unit = document.createTextNode('');
      const root = h(
        'div',
        { hidden: key === 'swapped' },
        h('div', { class: 'figure-label' }, () => t().headline[key]),
        h('div', { class: 'figure-value' }, value, h('small', {}, unit)),
      );
      this.figures.set(key, { root, value, unit });
      return root;
    };
    const bar = h('div', {
      class: 'waste-bar',
      role: 'img',
      'aria-label': () => t().headline.slotsLabel,
    });
    const legend = h('div', { class: 'legend' });
    for (const { part, token } of WASTE_PARTS) {
      const segment = h('div');
      segment.style.backgroundColor = `var(${token})`;
      bar.append(segment);
      const text = document.createTextNode('');
      const share = h('b', {}, text);
      share.style.fontWeight = '500';
      legend.append(h('span', {}, swatch(`var(${token})`), () => t().waste[part], ' ', share));
      this.wasteParts.push({ part, bar: segment, text, shows: new DrawnFrom() });
    }
    this.waste = h(
      'div',
      { class: 'waste' },
      h('div', { class: 'figure-label' }, () => t().headline.slots),
      bar,
      legend,
    );
    root.replaceChildren(...FIGURES.map(figure), this.trustFigure, this.waste);
  }

  show(cursor: Cursor, derived: Derived): void {
    const texts = t().headline;
    const { recording } = cursor;
    const { steps, numSteps, header } = recording;
    const row = Math.min(cursor.step, numSteps - 1);
    const usable = Math.max(1, numUsableBlocks(header));
    const used = usable - cursor.numFree;
    const atEnd = cursor.step >= numSteps;
    const ns = row < 0 ? 0 : atEnd ? steps.endNs[row] : steps.startNs[row];
    this.set('time', seconds(ns / NS_PER_S));
    this.set(
      'use',
      `${((used / usable) * 100).toFixed(0)} %`,
      ` ${grouped(used)}${texts.of(grouped(usable))}`,
    );
    this.set('running', String(cursor.numRunning), texts.of(schedulerAt(header, cursor.step).maxNumSeqs));
    this.set('waiting', grouped(cursor.numWaiting));
    const swapped = this.figures.get('swapped');
    if (swapped) swapped.root.hidden = header.v0 === undefined || header.v0.numCpuBlocks === 0;
    const usedCpu = cursor.numBlocks - header.pool.numGpuBlocks - cursor.numFreeCpu;
    this.set('swapped', String(cursor.numSwapped), texts.cpuBlocks(grouped(usedCpu)));
    this.set('preempted', row < 0 ? '0' : grouped(derived.preemptions[row]));
    const lookedUp = row < 0 ? 0 : derived.lookedUp[row];
    this.set(
      'hits',
      lookedUp === 0 ? '–' : `${((derived.found[row] / lookedUp) * 100).toFixed(1)} %`,
      lookedUp === 0 ? '' : texts.ofTokens,
    );

    const shares = slotSharesAt(cursor);
    this.waste.hidden = shares === null;
    if (shares === null) return;
    for (const { part, bar, text, shows } of this.wasteParts) {
      if (!shows.differs(shares[part])) continue;
      bar.style.width = `${shares[part] * 100}%`;
      say(text, `${(shares[part] * 100).toFixed(1)} %`);
    }
  }

  /** How far the run's times can be trusted; null: nothing is known of that. */
  showTrust(trust: { readonly short: string; readonly long: string } | null): void {
    this.trustFigure.hidden = trust === null;
    this.trust.textContent = trust?.short ?? '';
    this.trust.title = trust?.long ?? '';
    this.trust.setAttribute(
      'aria-label',
      trust === null ? '' : t().headline.trustLabel(trust.short, trust.long),
    );
  }

  private set(key: string, value: string, unit = ''): void {
    const figure = this.figures.get(key);
    if (figure === undefined) return;
    say(figure.value, value);
    say(figure.unit, unit);
  }
}

/** A little square of a colour. */
export function swatch(color: string): HTMLElement {
  const mark = h('i', { class: 'swatch', 'aria-hidden': 'true' });
  mark.style.backgroundColor = color;
  return mark;
}

export function seconds(value: number): string {
  return t().seconds(value < 100 ? value.toFixed(2) : grouped(Math.round(value)));
}
