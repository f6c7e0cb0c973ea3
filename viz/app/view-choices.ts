import { COLOR_MODES } from '../block-colors.ts';
import { byId, h } from '../dom.ts';
import { ORDER_MODES } from '../order/block-order.ts';
import { Segmented } from '../segmented.ts';
import { t } from '../text/text.ts';
import { SCENES, type View, type ViewStore } from './view.ts';

/** What the choices depend on. */
const SHOWN = ['scene', 'mode', 'order', 'run'] as const;

/** The choices above the pictures: which of them is shown, and for the map its colours and the order of its blocks. */
export class ViewChoices {
  private readonly scenes: Segmented<(typeof SCENES)[number]>;
  private readonly modes: Segmented<(typeof COLOR_MODES)[number]>;
  private readonly orders = h(
    'select',
    { 'aria-label': () => t().orderLabel, title: () => t().orderTitle },
    ...ORDER_MODES.map((value) => h('option', { value }, () => t().orders[value])),
  );

  constructor(view: ViewStore) {
    this.scenes = new Segmented(
      byId('scenes'),
      SCENES,
      (scene) => t().scenes[scene],
      (scene) => view.set({ scene }),
    );
    this.modes = new Segmented(
      byId('color-modes'),
      COLOR_MODES,
      (mode) => t().modes[mode],
      (mode) => view.set({ mode }),
    );
    byId('orders').append(this.orders);
    this.orders.addEventListener('change', () => view.set({ order: ORDER_MODES[this.orders.selectedIndex] }));
    view.subscribe((now, before) => {
      if (SHOWN.some((field) => now[field] !== before[field])) this.show(now);
    });
    this.show(view.get());
  }

  /** What is chosen; the map's choices only where there is one. */
  private show({ scene, mode, order, run }: View): void {
    const numGroups = run?.recording.header.pool.groups.length ?? 1;
    this.scenes.show(scene);
    this.modes.show(mode);
    this.modes.hide('group', numGroups === 1 && mode !== 'group');
    this.orders.value = order;
    byId('color-modes').hidden = scene !== 'blocks' && scene !== 'compare';
    byId('orders').hidden = scene !== 'blocks';
  }
}
