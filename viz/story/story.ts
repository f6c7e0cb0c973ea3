import type { Recording } from '../../sim/recording/recording.ts';
import type { Moment } from '../../sim/report/moments/moment.ts';
import { momentText } from '../../sim/report/moments/moment-text.ts';
import { chooseMoments, FINDERS, reasonsOf } from '../../sim/report/moments/moments.ts';
import { h } from '../dom.ts';
import { languageNow, t } from '../text/text.ts';

/** The moments of a run as entries of a list, each with the engine's reasons and a button that goes there. */
export async function storyOf(recording: Recording, goTo: (moment: Moment) => void): Promise<HTMLElement[]> {
  const tell =
    languageNow() === 'zh' ? (await import('./moment-text.zh.ts')).momentTextInChinese : momentText;
  const entries: HTMLElement[] = [];
  for (const moment of await findMoments(recording)) {
    await pause();
    const { title, text } = tell(recording, moment);
    const entry = h(
      'li',
      {},
      h(
        'button',
        { type: 'button', class: 'button link', onclick: () => goTo(moment) },
        t().story.moment(title, moment.step),
      ),
      h('p', {}, text),
      h(
        'ul',
        {},
        ...reasonsOf(recording, moment).map(({ text, rule }) => h('li', {}, `${text} `, h('code', {}, rule))),
      ),
    );
    entries.push(entry);
  }
  return entries;
}

/** As momentsOf, with room for the page to go on in between: a long run has millions of events. */
async function findMoments(recording: Recording): Promise<Moment[]> {
  const found: (Moment | null)[] = [];
  for (const find of FINDERS) {
    await pause();
    found.push(find(recording));
  }
  return chooseMoments(recording, found);
}

function pause(): Promise<void> {
  return new Promise((go) => setTimeout(go));
}
