import './learn.css';
import './print.css';
import { isCourse } from '../app/rooms.ts';
import { h } from '../dom.ts';
import { languageNow, showTexts, useLanguage } from '../text/text.ts';
import { type CourseAddress, courseAddress } from './address.ts';
import { courseText } from './course-text.ts';
import { figurePage } from './figure-page.ts';
import { indexPage } from './index-page.ts';
import { Laboratory } from './laboratory.ts';
import { lessonPage } from './lesson-page.ts';
import { mythsPage } from './myths-page.ts';
import { teacherPage } from './teacher-page.ts';
import type { CourseText } from './text.ts';
import { VERSION } from './version.ts';

const laboratory = new Laboratory();
const root = h('main', { class: 'learn', id: 'learn' });
document.body.querySelector('main')?.before(root);
let isFirst = true;

/** Shows the page that the address names (address.ts). */
export async function showCourse(fragment: string): Promise<void> {
  const address = courseAddress(fragment);
  if (address.language !== null && address.language !== languageNow()) {
    await useLanguage(address.language);
    showTexts();
  }
  const text = await courseText();
  if (location.hash !== fragment) return;
  document.documentElement.classList.toggle('embed', address.embed);
  const page = pageOf(address, text);
  root.replaceChildren(...otherVersion(address, text), page);
  root.scrollTop = 0;
  document.title = `${page.querySelector('h1')?.textContent} · Poolscope`;
  // A new page begins at its title, for those who read by ear; the first one begins where the document does.
  if (!isFirst) page.querySelector('h1')?.focus();
  isFirst = false;
}

function pageOf(address: CourseAddress, text: CourseText): HTMLElement {
  const { page, embed } = address;
  if (page === 'index') return indexPage(text);
  if (page === 'myths') return mythsPage(text, laboratory);
  if (page === 'teacher') return teacherPage(text, laboratory);
  return embed ? figurePage(page, address, text, laboratory) : lessonPage(page, text, laboratory);
}

/** A link says with which Poolscope its numbers were seen. */
function otherVersion({ version }: CourseAddress, { page }: CourseText): HTMLElement[] {
  const isOther = version !== null && version !== VERSION;
  return isOther ? [h('p', { class: 'learn-page soft' }, page.otherVersion(version, VERSION))] : [];
}

// The language changes: the same page in the other one, from its beginning.
new MutationObserver(() => {
  if (isCourse()) void showCourse(location.hash);
}).observe(document.documentElement, { attributeFilter: ['lang'] });
