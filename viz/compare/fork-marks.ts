import type { Recording } from '../../sim/recording/recording.ts';
import { grouped } from '../../sim/words.ts';
import { h } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import { t } from '../text/text.ts';
import type { TimeWindow } from '../time/time-window.ts';
import { LETTERS } from './other-runs.ts';

/** On the timeline: from where on a run goes its own way. */
export class ForkMarks {
  private readonly root: HTMLElement;
  private readonly drawnFrom = new DrawnFrom();

  constructor(root: HTMLElement) {
    this.root = root;
  }

  /** @param runs A, B, … */
  draw(runs: readonly Recording[], { from, to }: TimeWindow): void {
    const texts = t().fork;
    if (!this.drawnFrom.differs(from, to, texts, ...runs)) return;
    this.root.replaceChildren(
      ...runs.flatMap(({ header: { switch: fork } }, i) => {
        if (fork === undefined || fork.step < from || fork.step > to) return [];
        const letter = LETTERS[i];
        const name = texts.mark(letter, grouped(fork.step));
        const mark = h('i', { class: 'fork-mark', role: 'img', 'aria-label': name }, letter);
        mark.style.left = `${((fork.step - from) / (to - from)) * 100}%`;
        return [mark];
      }),
    );
  }
}
