import { h } from './dom.ts';

/** Steps per second. */
export const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 500, 2000];
export const DEFAULT_SPEED = 10;

export interface TransportActions {
  toggle(): void;
  stepBy(steps: number): void;
  jump(where: 'start' | 'end' | 'previous-preemption' | 'next-preemption'): void;
  faster(by: 1 | -1): void;
}

/** Play, pause, step, speed. */
export class Transport {
  private readonly play: HTMLButtonElement;
  private readonly speed: HTMLElement;
  private readonly position: HTMLElement;

  constructor(root: HTMLElement, actions: TransportActions) {
    const button = (text: string, label: string, action: () => void, extra = '') =>
      h(
        'button',
        { type: 'button', class: `button icon ${extra}`, 'aria-label': label, title: label, onclick: action },
        text,
      );
    this.play = button('▶', 'Play (space)', actions.toggle, 'primary');
    this.speed = h('span', { class: 'speed' });
    this.position = h('span', { class: 'position' });
    root.replaceChildren(
      this.play,
      button('|‹', 'To the start (Home)', () => actions.jump('start')),
      button('‹', 'One step back (←)', () => actions.stepBy(-1)),
      button('›', 'One step on (→)', () => actions.stepBy(1)),
      button('›|', 'To the end (End)', () => actions.jump('end')),
      button('«P', 'Previous preemption (,)', () => actions.jump('previous-preemption')),
      button('P»', 'Next preemption (.)', () => actions.jump('next-preemption')),
      button('−', 'Slower ([)', () => actions.faster(-1)),
      this.speed,
      button('+', 'Faster (])', () => actions.faster(1)),
      this.position,
    );
  }

  show(playing: boolean, speed: number, step: number, numSteps: number): void {
    this.play.textContent = playing ? '❚❚' : '▶';
    this.play.setAttribute('aria-label', playing ? 'Pause (space)' : 'Play (space)');
    this.speed.textContent = `${speed.toLocaleString('en-US')} steps/s`;
    const shown = step < 0 ? 'start' : step >= numSteps ? 'end' : `step ${step.toLocaleString('en-US')}`;
    this.position.textContent = `${shown} of ${numSteps.toLocaleString('en-US')}`;
  }
}
