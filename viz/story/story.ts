import type { Recording } from '../../sim/recording/recording.ts';
import type { Moment } from '../../sim/report/moments/moment.ts';
import { momentText } from '../../sim/report/moments/moment-text.ts';
import { momentsOf, reasonsOf } from '../../sim/report/moments/moments.ts';
import { h } from '../dom.ts';
import { languageNow, t } from '../text/text.ts';

/** The moments of a run as entries of a list, each with the engine's reasons and a button that goes there. */
export async function storyOf(recording: Recording, goTo: (moment: Moment) => void): Promise<HTMLElement[]> {
  const tell =
    languageNow() === 'zh' ? (await import('./moment-text.zh.ts')).momentTextInChinese : momentText;
  return momentsOf(recording).map((moment) => {
    const { title, text } = tell(recording, moment);
    return h(
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
  });
}
