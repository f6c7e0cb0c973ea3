import { ENGLISH } from './text.en.ts';
import type { CourseText } from './text.ts';

/** The course in the page's language, which the document says. */
export async function courseText(): Promise<CourseText> {
  if (!document.documentElement.lang.startsWith('zh')) return ENGLISH;
  return (await import('./text.zh.ts')).CHINESE;
}
