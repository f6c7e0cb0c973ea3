import { h } from '../dom.ts';
import { t } from '../text/text.ts';

/** What runs are often compared with: as vLLM or the paper calls it, and the scenario's fields that make it so. */
const PRESETS: readonly (readonly [label: string, ...sets: string[]])[] = [
  ['--no-enable-prefix-caching', 'engine.enable-prefix-caching=false'],
  ['--enable-prefix-caching', 'engine.enable-prefix-caching=true'],
  ...[8, 16, 32].map((size) => [`--block-size ${size}`, `engine.block-size=${size}`] as const),
  ...[256, 512, 2048, 8192].map(
    (tokens) => [`--max-num-batched-tokens ${tokens}`, `engine.max-num-batched-tokens=${tokens}`] as const,
  ),
  ['--scheduling-policy priority', 'engine.scheduling-policy=priority'],
  ['--kv-cache-dtype fp8', 'engine.kv-cache-dtype=fp8'],
  ...[2, 4, 8].map(
    (gpus) =>
      [
        `--tensor-parallel-size ${gpus}`,
        `engine.tensor-parallel-size=${gpus}`,
        `hardware.count=${gpus}`,
      ] as const,
  ),
  ['--enable-expert-parallel', 'engine.enable-expert-parallel=true'],
  ['Orca (Max)', 'system=orca-max'],
  ['Orca (Pow2)', 'system=orca-pow2'],
  ['Orca (Oracle)', 'system=orca-oracle'],
];

/** A menu of runs to stand beside the one that is there. */
export function presetMenu(add: (sets: readonly string[]) => void): HTMLSelectElement {
  const menu = h(
    'select',
    { class: 'compare-preset', 'aria-label': () => t().compare.preset },
    h('option', { value: '' }, () => t().compare.preset),
    ...PRESETS.map(([label], i) => h('option', { value: i }, label)),
  );
  menu.addEventListener('change', () => {
    const [, ...sets] = PRESETS[Number(menu.value)];
    menu.value = '';
    add(sets);
  });
  return menu;
}
