import type { Cursor } from '../sim/recording/cursor.ts';
import type { Derived } from './derived.ts';
import { h } from './dom.ts';

const NS_PER_S = 1e9;

/** The row of numbers above the map, for the step at the cursor. */
export class Headline {
  private readonly values = new Map<string, HTMLElement>();
  private readonly wasteParts: { part: string; label: string; bar: HTMLElement; text: HTMLElement }[] = [];

  constructor(root: HTMLElement) {
    const figure = (key: string, label: string) => {
      const value = h('div', { class: 'figure-value' });
      this.values.set(key, value);
      return h('div', {}, h('div', { class: 'figure-label' }, label), value);
    };
    const bar = h('div', {
      class: 'waste-bar',
      role: 'img',
      'aria-label': 'What the pool’s token slots are',
    });
    const legend = h('div', { class: 'legend' });
    legend.style.marginTop = '0';
    for (const [part, label] of [
      ['tokens', 'tokens'],
      ['internal', 'internal waste'],
      ['reserved', 'reserved'],
      ['cached', 'cached, free'],
      ['free', 'free'],
    ]) {
      const segment = h('div');
      segment.style.backgroundColor = `var(--waste-${part})`;
      bar.append(segment);
      const text = h('b');
      text.style.fontWeight = '500';
      const mark = swatch(`var(--waste-${part})`);
      legend.append(h('span', {}, mark, label, ' ', text));
      this.wasteParts.push({ part, label, bar: segment, text });
    }
    root.replaceChildren(
      figure('time', 'Simulated time'),
      figure('use', 'KV cache in use'),
      figure('running', 'Running'),
      figure('waiting', 'Waiting'),
      figure('preempted', 'Preempted so far'),
      figure('hits', 'Prefix hits so far'),
      h(
        'div',
        { class: 'waste' },
        h('div', { class: 'figure-label' }, 'Token slots of the pool'),
        bar,
        legend,
      ),
    );
  }

  show(cursor: Cursor, derived: Derived): void {
    const { recording } = cursor;
    const { steps, numSteps, header } = recording;
    const row = Math.min(cursor.step, numSteps - 1);
    const usable = Math.max(1, header.pool.numGpuBlocks - 1);
    const used = usable - cursor.numFree;
    const atEnd = cursor.step >= numSteps;
    const ns = row < 0 ? 0 : atEnd ? steps.endNs[row] : steps.startNs[row];
    this.set('time', seconds(ns / NS_PER_S));
    this.set(
      'use',
      `${((used / usable) * 100).toFixed(0)} %`,
      ` ${used.toLocaleString('en-US')} of ${usable.toLocaleString('en-US')}`,
    );
    this.set('running', String(cursor.numRunning), ` of ${header.scheduler.maxNumSeqs}`);
    this.set('waiting', cursor.numWaiting.toLocaleString('en-US'));
    this.set('preempted', row < 0 ? '0' : derived.preemptions[row].toLocaleString('en-US'));
    const lookedUp = row < 0 ? 0 : derived.lookedUp[row];
    this.set(
      'hits',
      lookedUp === 0 ? '–' : `${((derived.found[row] / lookedUp) * 100).toFixed(1)} %`,
      lookedUp === 0 ? '' : ' of tokens',
    );

    const blockSize = header.pool.groups[0].blockSize;
    const slots = usable * blockSize;
    const live = row >= 0 && !atEnd;
    const internal = live ? steps.internalWasteSlots[row] / slots : 0;
    const reserved = live ? steps.reservedSlots[row] / slots : 0;
    const cached = live ? steps.numCachedFreeBlocks[row] / usable : 0;
    const free = cursor.numFree / usable - cached;
    const shares: Record<string, number> = {
      tokens: used / usable - internal - reserved,
      internal,
      reserved,
      cached,
      free,
    };
    for (const { part, bar, text } of this.wasteParts) {
      bar.style.width = `${Math.max(0, shares[part] * 100)}%`;
      text.textContent = `${Math.max(0, shares[part] * 100).toFixed(1)} %`;
    }
  }

  private set(key: string, value: string, unit = ''): void {
    const element = this.values.get(key);
    if (element) element.replaceChildren(value, ...(unit === '' ? [] : [h('small', {}, unit)]));
  }
}

/** A little square of a colour. */
export function swatch(color: string): HTMLElement {
  const mark = h('i', { class: 'swatch', 'aria-hidden': 'true' });
  mark.style.backgroundColor = color;
  return mark;
}

export function seconds(value: number): string {
  return value < 100 ? `${value.toFixed(2)} s` : `${Math.round(value).toLocaleString('en-US')} s`;
}
