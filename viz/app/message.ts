import { formatProblem, type Problem } from '../../sim/error.ts';
import { gib } from '../../sim/units.ts';
import { byId, h } from '../dom.ts';
import { t } from '../text/text.ts';
import type { StartRefusal } from '../worker/messages.ts';

/** What the page has to say of a file or a run; text is never markup. */
export function showMessage(title: string, lines: readonly string[]): void {
  show(title, h('pre', {}, lines.join('\n')));
}

/** Why vLLM would not start: the reason, what would help, and then its own words. */
export function showRefusal({ message, advice, remedies, range }: StartRefusal): void {
  const { wouldNotStart, remedy, vllmSays } = t().messages;
  const near = range?.decides ? [h('p', {}, t().whatIf.near(gib(range.bytes)))] : [];
  show(
    wouldNotStart,
    h('p', {}, advice),
    ...near,
    ...(remedies.length === 0
      ? []
      : [h('p', {}, remedy), h('ul', {}, ...remedies.map((each) => h('li', {}, each)))]),
    h('p', { class: 'aside' }, vllmSays),
    h('pre', { class: 'aside' }, message),
  );
}

function show(title: string, ...content: readonly Node[]): void {
  const message = byId('message');
  message.replaceChildren(
    h('h2', {}, title),
    ...content,
    h('button', { type: 'button', class: 'button', onclick: hideMessage }, t().close),
  );
  message.hidden = false;
}

export function showProblems(problems: readonly Problem[]): void {
  showMessage(t().messages.cannotOpen, problems.map(formatProblem));
}

export function hideMessage(): void {
  byId('message').hidden = true;
}
