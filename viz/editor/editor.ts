import type { ScenarioSource } from '../../sim/share/fragment.ts';
import { byId, h } from '../dom.ts';
import { follow, t } from '../text/text.ts';
import { FIELD_GROUPS, type Field, type FieldGroup, labelOf } from './fields.ts';
import { scenarioTextOf } from './pasted.ts';
import { PRESETS } from './presets.ts';
import type { Settings } from './settings.ts';

/**
 * The sheet in which a run is set up: a `vllm serve …` line or a scenario file, and a form of the fields that
 * matter. A field that is changed is set over the file, as `poolscope run --set` does, so the text stays as written.
 */
export class Editor {
  private readonly dialog = byId<HTMLDialogElement>('editor');
  private readonly text: HTMLTextAreaElement;
  private readonly inputs = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private readonly presets: HTMLSelectElement;
  private readonly onRun: (source: ScenarioSource, beside: boolean) => void;
  /** The run is to be shown beside the one that is there. */
  private beside = false;
  private readonly title = h('h2');
  private source: ScenarioSource = { text: '', file: '', sets: [] };
  private settings: Settings = {};

  constructor(onRun: (source: ScenarioSource, beside: boolean) => void) {
    this.onRun = onRun;
    this.text = h('textarea', { id: 'editor-text', rows: 10, spellcheck: 'false', wrap: 'off' });
    this.presets = h(
      'select',
      { 'aria-label': () => t().editor.example },
      h('option', { value: '' }, () => t().editor.examples),
      ...PRESETS.map(({ name, file }) => h('option', { value: file }, name)),
    );
    this.presets.addEventListener('change', () => void this.choosePreset());
    this.dialog.append(
      h(
        'form',
        { method: 'dialog', onsubmit: () => this.run() },
        h(
          'div',
          { class: 'editor-head' },
          this.title,
          this.presets,
          h(
            'button',
            { class: 'button', type: 'button', onclick: () => this.dialog.close() },
            () => t().close,
          ),
        ),
        h('label', { for: 'editor-text' }, () => t().editor.label),
        this.text,
        h('div', { class: 'fields' }, ...FIELD_GROUPS.map(({ title, fields }) => this.group(title, fields))),
        h(
          'div',
          { class: 'editor-foot' },
          h('button', { class: 'button primary', type: 'submit' }, () => t().editor.run),
          h('span', {}, () => t().editor.hint),
        ),
      ),
    );
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.run();
      this.dialog.close();
    });
    this.text.addEventListener('input', () => this.textChanged());
  }

  open(beside = false): void {
    this.beside = beside;
    this.title.textContent = beside ? t().editor.beside : t().editor.title;
    this.text.value = this.source.text;
    this.showSettings(this.settings);
    this.dialog.showModal();
    this.text.focus();
    this.text.setSelectionRange(0, 0);
    this.text.scrollTop = 0;
  }

  /** The run that is on the page, and what its fields come to. */
  show(source: ScenarioSource, settings: Settings): void {
    this.source = source;
    this.settings = settings;
    if (this.dialog.open) this.showSettings(settings);
  }

  /** What a field of the run on the page comes to. */
  valueOf(path: string): string | undefined {
    return this.settings[path];
  }

  private group(title: FieldGroup['title'], fields: readonly Field[]): HTMLElement {
    return h(
      'fieldset',
      {},
      h('legend', {}, () => t().editor.groups[title]),
      ...fields.map((field) => this.field(field)),
    );
  }

  private field({ path, label, help, choices, wide }: Field): HTMLElement {
    const input =
      choices === undefined
        ? h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' })
        : h('select', {}, ...choices.map((choice) => h('option', {}, choice)));
    const id = `field-${path}`;
    const title = () => t().editor.help[help];
    input.id = id;
    follow(() => {
      input.title = title();
    });
    this.inputs.set(path, input);
    return h(
      'div',
      { class: wide ? 'field wide' : 'field' },
      h('label', { for: id, title }, () => labelOf(label)),
      input,
    );
  }

  private showSettings(settings: Settings): void {
    for (const [path, input] of this.inputs) {
      input.disabled = false;
      this.setValue(input, settings[path] ?? '');
    }
  }

  private setValue(input: HTMLInputElement | HTMLSelectElement, value: string): void {
    const missing =
      input instanceof HTMLSelectElement && ![...input.options].some((option) => option.value === value);
    if (missing) input.append(h('option', {}, value));
    input.value = value;
  }

  /** Another text has other fields, which are known when it has run. */
  private textChanged(): void {
    const changed = this.text.value !== this.source.text;
    for (const input of this.inputs.values()) input.disabled = changed;
  }

  private async choosePreset(): Promise<void> {
    const preset = PRESETS.find(({ file }) => file === this.presets.value);
    this.presets.value = '';
    if (!preset) return;
    this.dialog.close();
    this.onRun({ text: await preset.load(), file: preset.file, sets: [] }, this.beside);
  }

  private run(): void {
    if (this.text.value !== this.source.text) {
      this.onRun({ text: scenarioTextOf(this.text.value), file: 'pasted.pool.yaml', sets: [] }, this.beside);
      return;
    }
    const changed = [...this.inputs].filter(
      ([path, input]) => input.value.trim() !== (this.settings[path] ?? ''),
    );
    const others = this.source.sets.filter((set) => !changed.some(([path]) => set.startsWith(`${path}=`)));
    const sets = changed
      .filter(([, input]) => input.value.trim() !== '')
      .map(([path, input]) => `${path}=${settingOf(path, input.value.trim())}`);
    this.onRun({ ...this.source, sets: [...others, ...sets] }, this.beside);
  }
}

/** A version like 0.6.3 stays a text in YAML. */
function settingOf(path: string, value: string): string {
  return path === 'vllm' ? JSON.stringify(value) : value;
}
