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
