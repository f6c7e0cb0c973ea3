import type { BlockMap } from '../block-map.ts';
import type { Found } from '../search.ts';
import type { Playback } from './playback.ts';
import type { ViewStore } from './view.ts';

/** Shows what was searched for where it can be seen. */
export function reveal(found: Found, view: ViewStore, playback: Playback, map: BlockMap): void {
  const { run, step } = view.get();
  if (run === null) return;
  switch (found.kind) {
    case 'request': {
      const { firstScheduledNs, endNs } = run.recording.requests;
      const { startNs } = run.recording.steps;
      view.set({ request: found.request });
      // Where it is not there yet, or not any more: to its first step.
      const now = startNs[Math.max(0, Math.min(run.recording.numSteps - 1, step))];
      const begins = firstScheduledNs[found.request];
      if (begins > now || endNs[found.request] < now) playback.seek(startNs.indexOf(begins));
      break;
    }
    case 'block':
      view.set({ block: found.block, scene: 'blocks' });
      map.reveal(found.block);
      break;
    case 'step':
      playback.seek(found.step);
      break;
    case 'event':
      view.set({ event: found.event });
      playback.seek(found.step);
      break;
  }
}
