import { en, type Texts } from './en.ts';

/* The language of the page: whoever shows a text asks t() for it each time. */

export type Language = 'en' | 'zh';
const KEPT_AS = 'poolscope-language';

let texts: Texts = en;
let language: Language = 'en';

/** The texts of the language that is chosen. */
export const t = (): Texts => texts;
export const languageNow = (): Language => language;

/** The language that was chosen before, or the browser's, if the page has it. */
export function preferredLanguage(): Language {
  return kept() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
}

/** Only the language that is used is loaded. Texts that are on the page already follow with showTexts(). */
export async function useLanguage(wanted: Language): Promise<void> {
  texts = wanted === 'zh' ? (await import('./zh.ts')).zh : en;
  language = wanted;
  document.documentElement.lang = wanted === 'zh' ? 'zh-Hans' : 'en';
}

export function keepLanguage(chosen: Language): void {
  try {
    localStorage.setItem(KEPT_AS, chosen);
  } catch {
    // Where nothing may be kept, it is asked again.
  }
}

function kept(): Language | null {
  try {
    const value = localStorage.getItem(KEPT_AS);
    return value === 'zh' || value === 'en' ? value : null;
  } catch {
    return null;
  }
}

const following: (() => void)[] = [];

/** Says something now and whenever the language changes: for what stays on the page as long as it does. */
export function follow(say: () => void): void {
  following.push(say);
  say();
}

/** Everything that follows the language, and the texts of index.html. */
export function showTexts(): void {
  const { page } = texts;
  const text = (key: string) => page[key as keyof typeof page];
  for (const element of document.querySelectorAll<HTMLElement>('[data-text], [data-label], [data-title]')) {
    const { text: content, label, title } = element.dataset;
    if (content !== undefined) element.textContent = text(content);
    if (label !== undefined) element.setAttribute('aria-label', text(label));
    if (title !== undefined) element.title = text(title);
  }
  for (const say of following) say();
}
