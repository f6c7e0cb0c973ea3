import type { Room } from '../../sim/share/fragment.ts';
import { grouped } from '../../sim/words.ts';
import { byId, h } from '../dom.ts';
import { t } from '../text/text.ts';
import { embedCode } from './embed-code.ts';
import type { Save, SaveSource } from './save.ts';

const EMBED_WIDTH = 900;
const EMBED_HEIGHT = 720;

/** The link to the view, and files that can be saved of it. */
export class ShareDialog {
  private readonly dialog = byId<HTMLDialogElement>('share-dialog');
  private readonly told = h('span', { role: 'status' });
  private readonly link: (room: Room) => string | null;
  private readonly source: () => SaveSource | null;

  /** `link` is null for what no link can hold, `source` where there is no run yet. */
  constructor(link: (room: Room) => string | null, source: () => SaveSource | null) {
    this.link = link;
    this.source = source;
    byId('share').addEventListener('click', () => this.open());
  }

  open(): void {
    const link = this.link('play');
    this.told.replaceChildren();
    this.dialog.replaceChildren(
      h('h2', {}, t().share.title),
      ...(link === null ? [h('p', {}, t().share.noLink)] : [...this.linkPart(link), ...this.embedPart()]),
      h('h2', { class: 'save-title' }, t().share.save),
      h('ul', { class: 'saves', id: 'saves' }),
      h('p', {}, this.told),
      h(
        'p',
        {},
        h('button', { type: 'button', class: 'button', onclick: () => this.dialog.close() }, t().close),
      ),
    );
    this.dialog.showModal();
    void this.listSaves();
  }

  private linkPart(link: string): HTMLElement[] {
    const field = h('input', { type: 'text', readonly: true, value: link, 'aria-label': t().share.link });
    field.addEventListener('focus', () => field.select());
    return [
      h('p', {}, t().share.holds),
      h(
        'p',
        { class: 'share-link' },
        field,
        h('button', { type: 'button', class: 'button primary', onclick: () => this.copy(field) }, t().copy),
      ),
      h('p', {}, t().share.length(grouped(link.length))),
    ];
  }

  private async copy(field: HTMLInputElement | HTMLTextAreaElement): Promise<void> {
    field.select();
    await navigator.clipboard.writeText(field.value).then(
      () => this.told.replaceChildren(t().share.copied),
      () => this.told.replaceChildren(t().share.pressToCopy),
    );
  }

  /** The size, and the code that shows this view in another page. */
  private embedPart(): HTMLElement[] {
    const texts = t().share;
    const code = h('textarea', { readonly: true, rows: 3, 'aria-label': texts.code, spellcheck: 'false' });
    const size = (label: string, value: number) =>
      h('input', { type: 'text', inputmode: 'numeric', value, 'aria-label': label, oninput: () => write() });
    const width = size(texts.width, EMBED_WIDTH);
    const height = size(texts.height, EMBED_HEIGHT);
    const write = () => {
      const title = byId('scenario-name').textContent;
      code.value = embedCode(this.link('embed') ?? '', title, Number(width.value), Number(height.value));
    };
    write();
    return [
      h('h2', { class: 'save-title' }, texts.embed),
      h('p', {}, texts.embedIs),
      h(
        'p',
        { class: 'share-link' },
        width,
        '×',
        height,
        h('button', { type: 'button', class: 'button', onclick: () => void this.copy(code) }, texts.copyCode),
      ),
      code,
    ];
  }

  /** What makes the files is loaded when somebody wants them. */
  private async listSaves(): Promise<void> {
    const { SAVES, labelOf, whatOf } = await import('./save.ts');
    byId('saves').replaceChildren(
      ...SAVES.map((save) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', class: 'button', onclick: () => void this.save(save) },
            labelOf(save),
          ),
          ` ${whatOf(save)}`,
        ),
      ),
    );
  }

  private async save(save: Save): Promise<void> {
    const source = this.source();
    if (source === null) return;
    const { download, fileName, labelOf } = await import('./save.ts');
    const label = labelOf(save);
    this.told.replaceChildren(t().share.making(label));
    const blob = await save.make(source);
    if (blob === null) {
      this.told.replaceChildren(t().share.cannot(label));
      return;
    }
    const { name } = source.recording.header;
    if (save.open !== undefined) {
      const isTaken = await save.open(blob, name);
      this.told.replaceChildren(isTaken ? t().share.opened(label) : t().share.notOpened(label));
      return;
    }
    download(blob, fileName(name, save.extension));
    this.told.replaceChildren(t().share.saved(grouped(Math.ceil(blob.size / 1000))));
  }
}
