import type { Recording } from '../../sim/recording/recording.ts';
import { byId, h } from '../dom.ts';
import { t } from '../text/text.ts';
import type { ViewStore } from './view.ts';

/** Which of several engines is shown; hidden where there is one. */
export class ReplicaChoice {
  private readonly select = byId<HTMLSelectElement>('replica');
  private shown: readonly Recording[] = [];

  constructor(view: ViewStore, choose: (index: number) => void) {
    this.select.addEventListener('change', () => choose(this.select.selectedIndex));
    view.subscribe(({ run }, before) => {
      if (run !== null && run !== before.run) this.show(run.replicas, run.recording);
    });
  }

  /** The same in another language. */
  retell(): void {
    this.list(this.select.selectedIndex);
  }

  private show(replicas: readonly Recording[], recording: Recording): void {
    this.shown = replicas;
    this.list(replicas.indexOf(recording));
  }

  private list(chosen: number): void {
    this.select.hidden = this.shown.length < 2;
    this.select.replaceChildren(
      ...this.shown.map(({ header: { replica } }, index) =>
        h('option', {}, t().replica(replica?.of.kind ?? 'replica', index, this.shown.length)),
      ),
    );
    this.select.selectedIndex = chosen;
  }
}
