import { h } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import { t } from '../text/text.ts';
import type { TimeWindow } from '../time/time-window.ts';
import { LETTERS, type OtherRun } from './other-runs.ts';

/** On the timeline: from where on a run goes its own way. */
export class ForkMarks {
  private readonly root: HTMLElement;
  private readonly drawnFrom = new DrawnFrom();

  constructor(root: HTMLElement) {
    this.root = root;
  }

  draw(others: readonly OtherRun[], { from, to }: TimeWindow): void {
    const texts = t().fork;
    if (!this.drawnFrom.differs(others, from, to, texts)) return;
    this.root.replaceChildren(
      ...others.flatMap(({ source: { later } }, i) => {
        if (later === undefined || later.step < from || later.step > to) return [];
        const letter = LETTERS[i + 1];
        const name = texts.mark(letter, later.step.toLocaleString('en-US'));
        const mark = h('i', { class: 'fork-mark', role: 'img', 'aria-label': name }, letter);
        mark.style.left = `${((later.step - from) / (to - from)) * 100}%`;
        return [mark];
      }),
    );
  }
}
