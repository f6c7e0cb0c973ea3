import { COLOR_MODES } from '../block-colors.ts';
import { ORDER_MODES } from '../order/block-order.ts';
import { t } from '../text/text.ts';
import type { Command } from './commands.ts';
import { changeLanguage } from './language.ts';
import { hideMessage } from './message.ts';
import type { Playback } from './playback.ts';
import type { ViewStore } from './view.ts';

const LARGE_STEP = 10;

/** What keys ask of the parts of the page. */
export interface KeyActions {
  /** Shows that many times as much time. */
  zoomTime(factor: number): void;
  /** So many levels closer to the blocks. */
  zoomMap(levels: number): void;
  wholeMap(): void;
  find(): void;
  fork(): void;
  setUp(): void;
}

/** What can be done with a key, or found by name. */
export function keyCommands(view: ViewStore, playback: Playback, actions: KeyActions): readonly Command[] {
  return [
    { key: ' ', shown: ' ', what: () => t().commands.play, act: playback.toggle },
    {
      key: 'ArrowLeft',
      shown: '←',
      what: () => t().commands.back,
      act: (e) => playback.stepBy(e.shiftKey ? -LARGE_STEP : -1),
    },
    {
      key: 'ArrowRight',
      shown: '→',
      what: () => t().commands.on,
      act: (e) => playback.stepBy(e.shiftKey ? LARGE_STEP : 1),
    },
    { key: 'Home', shown: 'Home', what: () => t().commands.start, act: () => playback.jump('start') },
    { key: 'End', shown: 'End', what: () => t().commands.end, act: () => playback.jump('end') },
    { key: ',', shown: ',', what: () => t().commands.previousEvent, act: () => playback.jumpToEvent(-1) },
    { key: '.', shown: '.', what: () => t().commands.nextEvent, act: () => playback.jumpToEvent(1) },
    { key: 'z', shown: 'z', what: () => t().time.zoomIn, act: () => actions.zoomTime(1 / 2) },
    { key: 'Z', shown: 'Z', what: () => t().time.zoomOut, act: () => actions.zoomTime(2) },
    { key: '[', shown: '[', what: () => t().commands.slower, act: () => playback.faster(-1) },
    { key: ']', shown: ']', what: () => t().commands.faster, act: () => playback.faster(1) },
    ...COLOR_MODES.map((mode, i) => ({
      key: String(i + 1),
      shown: String(i + 1),
      what: () => t().commands.colorBy(t().modes[mode]),
      act: () => view.set({ mode }),
    })),
    {
      key: '+',
      shown: '+',
      what: () => t().zoom.closer,
      act: () => actions.zoomMap(1),
    },
    {
      key: '-',
      shown: '-',
      what: () => t().zoom.farther,
      act: () => actions.zoomMap(-1),
    },
    { key: '0', shown: '0', what: () => t().zoom.whole, act: () => actions.wholeMap() },
    {
      key: 'o',
      shown: 'o',
      what: () => t().commands.order,
      act: () => {
        const at = ORDER_MODES.indexOf(view.get().order);
        view.set({ order: ORDER_MODES[(at + 1) % ORDER_MODES.length] });
      },
    },
    { key: 'b', shown: 'b', what: () => t().commands.blocks, act: () => view.set({ scene: 'blocks' }) },
    { key: 'r', shown: 'r', what: () => t().commands.requests, act: () => view.set({ scene: 'requests' }) },
    { key: '/', shown: '/', what: () => t().commands.find, act: () => actions.find() },
    { key: 'g', shown: 'g', what: () => t().commands.gpus, act: () => view.set({ scene: 'gpus' }) },
    { key: 'c', shown: 'c', what: () => t().commands.compare, act: () => view.set({ scene: 'compare' }) },
    {
      key: 'f',
      shown: 'f',
      what: () => t().commands.fork,
      act: () => actions.fork(),
    },
    {
      key: 't',
      shown: 't',
      what: () => t().commands.table,
      act: () => view.set({ scene: 'table' }),
    },
    { key: 'e', shown: 'e', what: () => t().commands.setUp, act: () => actions.setUp() },
    { key: 'l', shown: 'l', what: () => t().commands.language, act: () => void changeLanguage() },
    {
      key: 'Escape',
      shown: 'Esc',
      what: () => t().commands.nothing,
      act: () => {
        hideMessage();
        view.set({ block: null, request: null });
      },
    },
  ];
}
