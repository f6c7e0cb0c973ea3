import { formatProblem, type Problem } from '../../sim/error.ts';
import { byId, h } from '../dom.ts';

/** What the page has to say of a file or a run; text is never markup. */
export function showMessage(title: string, lines: readonly string[]): void {
  const message = byId('message');
  message.replaceChildren(
    h('h2', {}, title),
    h('pre', {}, lines.join('\n')),
    h('button', { type: 'button', class: 'button', onclick: hideMessage }, 'Close'),
  );
  message.hidden = false;
}

export function showProblems(problems: readonly Problem[]): void {
  showMessage('This file cannot be opened', problems.map(formatProblem));
}

export function hideMessage(): void {
  byId('message').hidden = true;
}
