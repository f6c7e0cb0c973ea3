import { h } from '../dom.ts';
import { t } from '../text/text.ts';
import { LETTERS, type OtherRun } from './other-runs.ts';

/** On the timeline: from where on a run goes its own way. */
export function showForkMarks(root: HTMLElement, others: readonly OtherRun[], numSteps: number): void {
  root.replaceChildren(
    ...others.flatMap(({ source: { later } }, i) => {
      if (later === undefined) return [];
      const letter = LETTERS[i + 1];
      const name = t().fork.mark(letter, later.step.toLocaleString('en-US'));
      const mark = h('i', { class: 'fork-mark', role: 'img', 'aria-label': name }, letter);
      mark.style.left = `${(later.step / Math.max(1, numSteps)) * 100}%`;
      return [mark];
    }),
  );
}
