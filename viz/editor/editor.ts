import type { ScenarioSource } from '../../sim/share/fragment.ts';
import { byId, h } from '../dom.ts';
import { follow, t } from '../text/text.ts';
import { FIELD_GROUPS, type Field, type FieldGroup, labelOf } from './fields.ts';
import { assumedMachine, scenarioTextOf } from './pasted.ts';
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
  private readonly gpus = h('datalist', { id: 'editor-gpus' });
  private source: ScenarioSource = { text: '', file: '', sets: [] };
  private settings: Settings = {};
  /** Of a command line that is being written: what its machine's fields are taken to be. */
  private machine: Settings = {};

  constructor(onRun: (source: ScenarioSource, beside: boolean) => void) {
    this.onRun = onRun;
    this.text = h('textarea', { id: 'editor-text', rows: 10, spellcheck: 'false' });
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
        this.gpus,
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
    this.machine = {};
    this.showSettings(this.settings);
    void this.suggestGpus();
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

  /** The catalogue comes when somebody is about to choose from it. */
  private async suggestGpus(): Promise<void> {
    if (this.gpus.childElementCount > 0) return;
    const { GPUS } = await import('../../sim/catalog/gpus.ts');
    this.gpus.replaceChildren(...GPUS.map(({ id }) => h('option', { value: id })));
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
    if (path === 'hardware.gpu') input.setAttribute('list', this.gpus.id);
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

  /** Another text has other fields, which are known when it has run; of a command line the machine can be chosen. */
  private textChanged(): void {
    if (this.text.value === this.source.text) {
      this.machine = {};
      this.showSettings(this.settings);
      return;
    }
    const machine = assumedMachine(this.text.value);
    for (const [path, input] of this.inputs) {
      const assumed = machine[path];
      input.disabled = assumed === undefined;
      // What was chosen stays while the line is still being written; what is not known yet is no value of the run before.
      const isChosen =
        assumed !== undefined && this.machine[path] !== undefined && input.value !== this.machine[path];
      if (!isChosen) this.setValue(input, assumed ?? '');
    }
    this.machine = machine;
  }

  private async choosePreset(): Promise<void> {
    const preset = PRESETS.find(({ file }) => file === this.presets.value);
    this.presets.value = '';
    if (!preset) return;
    this.dialog.close();
    this.onRun({ text: await preset.load(), file: preset.file, sets: [] }, this.beside);
  }

  private run(): void {
    const isPasted = this.text.value !== this.source.text;
    const before = isPasted ? this.machine : this.settings;
    const changed = [...this.inputs].filter(
      ([path, input]) => !input.disabled && input.value.trim() !== (before[path] ?? ''),
    );
    const sets = changed
      .filter(([, input]) => input.value.trim() !== '')
      .map(([path, input]) => `${path}=${settingOf(path, input.value.trim())}`);
    if (isPasted) {
      this.onRun({ text: scenarioTextOf(this.text.value), file: 'pasted.pool.yaml', sets }, this.beside);
      return;
    }
    const others = this.source.sets.filter((set) => !changed.some(([path]) => set.startsWith(`${path}=`)));
    this.onRun({ ...this.source, sets: [...others, ...sets] }, this.beside);
  }
}

/** A version like 0.6.3 stays a text in YAML. */
function settingOf(path: string, value: string): string {
  return path === 'vllm' ? JSON.stringify(value) : value;
}
