import { formatProblem, type Problem } from '../../sim/error.ts';
import { byId, h } from '../dom.ts';
import { t } from '../text/text.ts';

/** What the page has to say of a file or a run; text is never markup. */
export function showMessage(title: string, lines: readonly string[]): void {
  const message = byId('message');
  message.replaceChildren(
    h('h2', {}, title),
    h('pre', {}, lines.join('\n')),
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
