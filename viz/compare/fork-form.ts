import type { ForkFlag } from '../../sim/scenario/fork.ts';
import { grouped } from '../../sim/words.ts';
import { h } from '../dom.ts';
import { t } from '../text/text.ts';

interface Flag {
  readonly name: ForkFlag;
  /** Values to choose from; absent: a number. */
  readonly choices?: readonly string[];
  /** Where the run does not say. */
  readonly otherwise: string;
}

/** What the scheduler can go on with; flags of memory and model would need another start. */
const FLAGS: readonly Flag[] = [
  { name: 'max-num-seqs', otherwise: '' },
  { name: 'max-num-batched-tokens', otherwise: '' },
  { name: 'scheduling-policy', choices: ['fcfs', 'priority'], otherwise: 'fcfs' },
  { name: 'enable-chunked-prefill', choices: ['true', 'false'], otherwise: 'true' },
  { name: 'long-prefill-token-threshold', otherwise: '0' },
];

export interface ForkActions {
  /** What a field of the run comes to. */
  valueOf(path: string): string | undefined;
  /** Runs the same with a field set from the cursor's step on. */
  fork(set: string): void;
}

/** A flag to be changed at the cursor's step, with the rest replayed beside the run. */
export class ForkForm {
  readonly opener: HTMLButtonElement;
  readonly form: HTMLFormElement;
  private readonly flag: HTMLSelectElement;
  private readonly place = h('span');
  private value: HTMLInputElement | HTMLSelectElement = h('select');
  private readonly actions: ForkActions;

  constructor(actions: ForkActions) {
    this.actions = actions;
    this.opener = h('button', {
      type: 'button',
      class: 'button',
      'aria-expanded': 'false',
      onclick: () => this.open(this.form.hidden !== false),
    });
    this.flag = h(
      'select',
      { 'aria-label': () => t().fork.flag, onchange: () => this.askValue() },
      ...FLAGS.map(({ name }) => h('option', {}, `--${name}`)),
    );
    this.form = h(
      'form',
      { class: 'fork-form', hidden: true, onsubmit: (event: Event) => this.submit(event) },
      this.flag,
      this.place,
      h('button', { type: 'submit', class: 'button primary' }, () => t().fork.run),
      h('p', {}, () => t().fork.note),
    );
  }

  /** Where it would begin; null: a run that cannot be forked. */
  show(step: number | null): void {
    const label = step === null ? t().fork.cannot : t().fork.at(grouped(step));
    if (this.opener.textContent === label) return;
    this.opener.textContent = label;
    this.opener.disabled = step === null;
    if (step === null) this.open(false);
  }

  open(isOpen: boolean): void {
    if (isOpen && this.opener.disabled) return;
    this.form.hidden = !isOpen;
    this.opener.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) return;
    this.askValue();
    this.flag.focus();
  }

  private askValue(): void {
    const { name: flag, choices, otherwise } = FLAGS[this.flag.selectedIndex];
    const name = { 'aria-label': t().fork.value };
    this.value =
      choices === undefined
        ? h('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', ...name })
        : h('select', name, ...choices.map((choice) => h('option', {}, choice)));
    this.value.value = this.actions.valueOf(`engine.${flag}`) ?? otherwise;
    this.place.replaceChildren(this.value);
  }

  private submit(event: Event): void {
    event.preventDefault();
    const value = this.value.value.trim();
    if (value === '') return;
    this.actions.fork(`fork.set.${FLAGS[this.flag.selectedIndex].name}=${value}`);
    this.open(false);
  }
}
