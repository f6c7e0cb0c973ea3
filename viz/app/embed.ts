import { COLOR_MODES } from '../block-colors.ts';
import { byId } from '../dom.ts';
import { type EmbedMessage, messageOf, stateMessage } from './embed-messages.ts';
import type { Links } from './links.ts';
import type { Playback } from './playback.ts';
import type { ViewStore } from './view.ts';

/** The page within another one: without header and editor, told what to show by messages, and telling what it shows. */
export function embed(view: ViewStore, playback: Playback, links: Links): void {
  document.documentElement.classList.add('embed');
  const link = byId<HTMLAnchorElement>('playground');
  const aim = () => {
    link.href = links.link('play') ?? location.pathname;
  };
  for (const event of ['pointerdown', 'focus', 'click']) link.addEventListener(event, aim);
  link.hidden = false;
  if (window.parent === window) return;

  let isAsked = false;
  const tell = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      const { run, step, playing, mode, request } = view.get();
      if (run === null) return;
      const { numSteps, requestIds, header } = run.recording;
      const followed = request === null ? null : requestIds[request];
      const state = stateMessage({ name: header.name, step, numSteps, playing, mode, request: followed });
      // Whoever embeds it has chosen what it shows: there is nothing to hide from them.
      window.parent.postMessage(state, '*');
    });
  };
  view.subscribe(tell);
  window.addEventListener('message', ({ source, data }) => {
    const message = source === window.parent ? messageOf(data) : null;
    if (message !== null) obey(message, view, playback);
    if (message?.type === 'state?') tell();
  });
}

function obey(message: EmbedMessage, view: ViewStore, playback: Playback): void {
  const { run, playing } = view.get();
  switch (message.type) {
    case 'seek':
      playback.seek(message.step);
      break;
    case 'play':
    case 'pause':
      if (playing !== (message.type === 'play')) playback.toggle();
      break;
    case 'mode': {
      const mode = COLOR_MODES.find((known) => known === message.mode);
      if (mode !== undefined) view.set({ mode });
      break;
    }
    case 'request': {
      const request =
        message.request === null ? null : (run?.recording.requestIds.indexOf(message.request) ?? -1);
      if (request !== -1) view.set({ request });
      break;
    }
    case 'state?':
      break;
  }
}
