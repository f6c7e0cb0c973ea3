import { h } from './dom.ts';

/** A row of buttons of which one is chosen: one stop of the tab key, arrows choose. */
export class Segmented<Value extends string> {
  private readonly root: HTMLElement;
  private readonly values: readonly Value[];
  private readonly onChoose: (value: Value) => void;

  constructor(
    root: HTMLElement,
    values: readonly Value[],
    label: (value: Value) => string,
    onChoose: (value: Value) => void,
  ) {
    this.root = root;
    this.values = values;
    this.onChoose = onChoose;
    root.replaceChildren(
      ...values.map((value) =>
        h(
          'button',
          { type: 'button', role: 'radio', 'data-value': value, onclick: () => onChoose(value) },
          () => label(value),
        ),
      ),
    );
    root.addEventListener('keydown', (event) => this.moved(event));
  }

  /** A value that cannot be chosen now. */
  hide(value: Value, isHidden: boolean): void {
    (this.root.children[this.values.indexOf(value)] as HTMLElement).hidden = isHidden;
  }

  show(value: Value): void {
    for (const button of this.root.children) {
      const checked = (button as HTMLElement).dataset.value === value;
      button.setAttribute('aria-checked', String(checked));
      (button as HTMLElement).tabIndex = checked ? 0 : -1;
    }
  }

  private moved(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const offered = ([...this.root.children] as HTMLElement[]).filter((button) => !button.hidden);
    const at = offered.findIndex((button) => button.ariaChecked === 'true');
    const next = offered[(at + by + offered.length) % offered.length];
    this.onChoose(next.dataset.value as Value);
    next.focus();
  }
}
