import type { Playback } from '../app/playback.ts';
import type { ViewStore } from '../app/view.ts';
import { byId } from '../dom.ts';
import { follow } from '../text/text.ts';

/** "What happened here?": what mattered most in the run. It is looked for, and its code loaded, when it is opened. */
export class StoryPanel {
  private readonly panel = byId<HTMLDetailsElement>('story');
  private readonly view: ViewStore;
  private readonly playback: Playback;
  private numAsked = 0;

  constructor(view: ViewStore, playback: Playback) {
    this.view = view;
    this.playback = playback;
    this.panel.addEventListener('toggle', () => this.show());
    view.subscribe((now, before) => {
      if (now.run !== before.run) this.show();
    });
    follow(() => this.show());
  }

  private async show(): Promise<void> {
    const { run } = this.view.get();
    const asked = ++this.numAsked;
    if (!this.panel.open || run === null) return;
    const { storyOf } = await import('./story.ts');
    const list = await storyOf(run.recording, ({ step, request }) => {
      this.playback.seek(step);
      if (request !== null) this.view.set({ request });
    });
    // Another run or language may have come meanwhile.
    if (this.numAsked === asked) byId('moments').replaceChildren(...list);
  }
}
