import { byId, h } from '../dom.ts';
import type { Save, SaveSource } from './save.ts';

/** The link to the view, and files that can be saved of it. */
export class ShareDialog {
  private readonly dialog = byId<HTMLDialogElement>('share-dialog');
  private readonly told = h('span', { role: 'status' });
  private readonly link: () => string | null;
  private readonly source: () => SaveSource | null;

  /** `link` is null for what no link can hold, `source` where there is no run yet. */
  constructor(link: () => string | null, source: () => SaveSource | null) {
    this.link = link;
    this.source = source;
    byId('share').addEventListener('click', () => this.open());
  }

  open(): void {
    const link = this.link();
    this.told.replaceChildren();
    this.dialog.replaceChildren(
      h('h2', {}, 'Share this view'),
      ...(link === null
        ? [h('p', {}, 'A recording is too large for a link: share its file. Scenarios fit into links.')]
        : this.linkPart(link)),
      h('h2', { class: 'save-title' }, 'Save'),
      h('ul', { class: 'saves', id: 'saves' }),
      h('p', {}, this.told),
      h(
        'p',
        {},
        h('button', { type: 'button', class: 'button', onclick: () => this.dialog.close() }, 'Close'),
      ),
    );
    this.dialog.showModal();
    void this.listSaves();
  }

  private linkPart(link: string): HTMLElement[] {
    const field = h('input', { type: 'text', readonly: true, value: link, 'aria-label': 'Link' });
    field.addEventListener('focus', () => field.select());
    const copy = async () => {
      field.select();
      await navigator.clipboard.writeText(link).then(
        () => this.told.replaceChildren('Copied.'),
        () => this.told.replaceChildren('Press Ctrl+C to copy.'),
      );
    };
    return [
      h('p', {}, 'The link holds the scenario, the step and what is selected. No server keeps anything.'),
      h(
        'p',
        { class: 'share-link' },
        field,
        h('button', { type: 'button', class: 'button primary', onclick: copy }, 'Copy'),
      ),
      h('p', {}, `${link.length.toLocaleString('en-US')} characters`),
    ];
  }

  /** What makes the files is loaded when somebody wants them. */
  private async listSaves(): Promise<void> {
    const { SAVES } = await import('./save.ts');
    byId('saves').replaceChildren(
      ...SAVES.map((save) =>
        h(
          'li',
          {},
          h('button', { type: 'button', class: 'button', onclick: () => void this.save(save) }, save.label),
          ` ${save.what}`,
        ),
      ),
    );
  }

  private async save({ make, label, extension }: Save): Promise<void> {
    const source = this.source();
    if (source === null) return;
    this.told.replaceChildren(`Making the ${label} …`);
    const { download, fileName } = await import('./save.ts');
    const blob = await make(source);
    if (blob === null) {
      this.told.replaceChildren(`No ${label} can be made of this.`);
      return;
    }
    download(blob, fileName(source.recording.header.name, extension));
    this.told.replaceChildren(`Saved: ${Math.ceil(blob.size / 1000).toLocaleString('en-US')} kB.`);
  }
}
