/** Scenarios that the page offers: each is loaded when it is chosen. */
const FILES = import.meta.glob<string>(
  [
    '../../scenarios/*.pool.yaml',
    '../../scenarios/moe/*.pool.yaml',
    '../../scenarios/guides/*-runs.pool.yaml',
    '../../scenarios/guides/*-blocks.pool.yaml',
  ],
  { query: '?raw', import: 'default' },
);

export interface Preset {
  readonly name: string;
  readonly file: string;
  load(): Promise<string>;
}

export const PRESETS: readonly Preset[] = Object.entries(FILES).map(([path, load]) => {
  const file = path.replace('../../scenarios/', '');
  return { name: file.replace('.pool.yaml', '').replaceAll('-', ' '), file, load };
});
