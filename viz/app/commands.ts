import { byId, h } from '../dom.ts';
import { t } from '../text/text.ts';
import { isCourse } from './rooms.ts';

/** Something that a key does. */
export interface Command {
  /** As KeyboardEvent.key has it. */
  readonly key: string;
  /** How the list of keys names it. */
  readonly shown: string;
  what(): string;
  act(event: KeyboardEvent): void;
}

/** Binds the commands to their keys, and lists them in a dialog. */
export class Keyboard {
  private readonly dialog = byId<HTMLDialogElement>('help-dialog');

  private readonly all: readonly Command[];

  constructor(commands: readonly Command[]) {
    const all = [
      ...commands,
      { key: '?', shown: '?', what: () => t().commands.help, act: () => this.showHelp() },
    ];
    this.all = all;
    byId('help').addEventListener('click', () => this.showHelp());
    document.addEventListener('keydown', (event) => {
      if (isCourse()) return;
      const isPalette = event.key === 'k' && (event.ctrlKey || event.metaKey);
      if ((event.ctrlKey || event.metaKey || event.altKey) && !isPalette) return;
      const target = event.target as Element;
      if (target.closest('dialog, textarea, input:not([type=checkbox]), select') !== null) return;
      // A focused button keeps its own space and enter.
      if (event.key === ' ' && target.closest('button, summary, input') !== null) return;
      const command = all.find(({ key }) => key === (isPalette ? '/' : event.key));
      if (!command) return;
      event.preventDefault();
      command.act(event);
    });
  }

  private showHelp(): void {
    this.dialog.replaceChildren(
      h('h2', {}, t().help.title),
      h(
        'dl',
        {},
        ...this.all.map(({ shown, what }) =>
          h(
            'div',
            {},
            h('dt', {}, h('kbd', {}, shown === ' ' ? t().commands.space : shown)),
            h('dd', {}, what()),
          ),
        ),
      ),
      h('p', {}, t().help.map),
      h(
        'p',
        {},
        h('button', { type: 'button', class: 'button', onclick: () => this.dialog.close() }, t().close),
      ),
    );
    this.dialog.showModal();
  }
}
