import { byId } from '../dom.ts';

const listeners: (() => void)[] = [];

/** Calls back whenever the colours have changed. */
export function onTheme(changed: () => void): void {
  listeners.push(changed);
}

function apply(theme: 'light' | 'dark'): void {
  document.documentElement.dataset.theme = theme;
  for (const changed of listeners) changed();
}

apply(window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
byId('theme').addEventListener('click', () => {
  apply(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
});

// Paper is white.
let before: 'light' | 'dark' | null = null;
window.addEventListener('beforeprint', () => {
  before = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
  apply('light');
});
window.addEventListener('afterprint', () => {
  if (before !== null) apply(before);
});
