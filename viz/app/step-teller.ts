import type { Cursor } from '../../sim/recording/cursor.ts';
import { explainAt } from '../../sim/report/explain.ts';
import { byId, h } from '../dom.ts';
import { DrawnFrom } from '../drawn-from.ts';
import { sentenceOf } from '../step-sentence.ts';
import { t } from '../text/text.ts';

/** The step at the cursor in words: what happened, why, and what a screen reader says. */
export class StepTeller {
  private readonly sentence = byId('sentence');
  private readonly slider = byId('timeline');
  private readonly why = byId<HTMLDetailsElement>('why');
  private readonly told = new DrawnFrom();
  private readonly reasoned = new DrawnFrom();
  private readonly announced = new DrawnFrom();

  /** @param redraw somebody wants to read more. */
  constructor(redraw: () => void) {
    this.why.addEventListener('toggle', redraw);
  }

  show(cursor: Cursor, playing: boolean): void {
    const { recording, step } = cursor;
    const texts = t();
    if (this.told.differs(recording, step, texts)) {
      this.sentence.textContent = sentenceOf(recording, step);
      this.slider.ariaValueNow = String(step);
      this.slider.ariaValueMin = '0';
      this.slider.ariaValueMax = String(recording.numSteps);
      this.slider.ariaValueText = texts.live.stepOf(step, recording.numSteps);
    }
    // The engine's reasons are looked for only while somebody wants to read them.
    if (this.why.open && this.reasoned.differs(recording, step)) this.showReasons(cursor);
    // Once per step that one stops at; what the keyboard finds on the map is told in between.
    if (playing || !this.announced.differs(recording, step, texts)) return;
    byId('live').textContent = texts.live.step(String(step), this.sentence.textContent);
  }

  private showReasons(cursor: Cursor): void {
    const reasons = explainAt(cursor).map(({ text, rule }) => h('li', {}, `${text} `, h('code', {}, rule)));
    byId('reasons').replaceChildren(...reasons);
  }
}
