import { byId } from '../dom.ts';
import { keepLanguage, languageNow, preferredLanguage, showTexts, useLanguage } from '../text/text.ts';

const listeners: (() => void)[] = [];

/** Calls back whenever the language has changed. */
export function onLanguage(changed: () => void): void {
  listeners.push(changed);
}

/** To the other language; what is on the page says the same in it. */
export async function changeLanguage(): Promise<void> {
  const other = languageNow() === 'en' ? 'zh' : 'en';
  keepLanguage(other);
  await useLanguage(other);
  showTexts();
  for (const changed of listeners) changed();
}

await useLanguage(preferredLanguage());
showTexts();
byId('language').addEventListener('click', () => void changeLanguage());
