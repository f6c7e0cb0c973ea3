import type { Command } from './app/commands.ts';
import { byId, h } from './dom.ts';
import type { Found } from './search.ts';
import { t } from './text/text.ts';

interface Entry {
  readonly text: string;
  /** The key that does the same. */
  readonly key: string;
  act(): void;
}

/** One box for everything: what is in the run, and what the page can do. */
export class PaletteDialog {
  private readonly dialog = byId<HTMLDialogElement>('palette');
  private readonly input: HTMLInputElement;
  private readonly list = h('ul', { id: 'palette-list', role: 'listbox' });
  private readonly commands: readonly Command[];
  private readonly find: (query: string) => Found[];
  private readonly go: (found: Found) => void;
  private entries: Entry[] = [];
  private chosen = 0;

  constructor(commands: readonly Command[], find: (query: string) => Found[], go: (found: Found) => void) {
    this.commands = commands;
    this.find = find;
    this.go = go;
    this.input = h('input', {
      type: 'text',
      role: 'combobox',
      'aria-expanded': 'true',
      'aria-controls': 'palette-list',
      spellcheck: 'false',
      autocomplete: 'off',
    });
    this.input.addEventListener('input', () => this.refresh());
    this.dialog.addEventListener('keydown', (event) => this.pressed(event));
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.append(this.input, this.list);
  }

  open(): void {
    const { label, hint, found } = t().find;
    this.dialog.setAttribute('aria-label', label);
    this.input.setAttribute('aria-label', label);
    this.input.placeholder = hint;
    this.list.setAttribute('aria-label', found);
    this.input.value = '';
    this.refresh();
    this.dialog.showModal();
  }

  private refresh(): void {
    const query = this.input.value;
    const wanted = query.trim().toLowerCase();
    const found = this.find(query).map((what) => ({ text: what.text, key: '', act: () => this.go(what) }));
    const commands = this.commands
      .filter(({ what }) => what().toLowerCase().includes(wanted))
      .map(({ what, shown, act }) => ({
        text: what(),
        key: shown === ' ' ? t().commands.space : shown,
        act: () => act(new KeyboardEvent('keydown')),
      }));
    this.entries = [...found, ...commands];
    this.chosen = 0;
    this.list.replaceChildren(
      ...this.entries.map((entry, i) =>
        h(
          'li',
          { role: 'option', id: `palette-${i}`, onclick: () => this.run(entry) },
          entry.text,
          entry.key === '' ? null : h('kbd', {}, entry.key),
        ),
      ),
    );
    this.mark();
  }

  private pressed(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined && this.entries.length > 0) {
      this.chosen = (this.chosen + by + this.entries.length) % this.entries.length;
      this.mark();
    } else if (event.key === 'Enter') {
      const entry = this.entries[this.chosen];
      if (entry) this.run(entry);
    } else return;
    event.preventDefault();
  }

  private mark(): void {
    [...this.list.children].forEach((item, i) => {
      item.setAttribute('aria-selected', String(i === this.chosen));
      if (i === this.chosen) item.scrollIntoView({ block: 'nearest' });
    });
    this.input.setAttribute('aria-activedescendant', this.entries.length > 0 ? `palette-${this.chosen}` : '');
  }

  private run(entry: Entry): void {
    this.dialog.close();
    entry.act();
  }
}
