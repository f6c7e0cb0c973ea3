import './learn.css';
import { isCourse } from '../app/rooms.ts';
import { h } from '../dom.ts';
import { LESSONS } from './course.ts';
import { indexPage } from './index-page.ts';
import { Laboratory } from './laboratory.ts';
import { lessonPage } from './lesson-page.ts';
import { mythsPage } from './myths-page.ts';
import { courseText } from './text.ts';

const laboratory = new Laboratory();
const root = h('main', { class: 'learn', id: 'learn' });
document.body.querySelector('main')?.before(root);
let isFirst = true;

/** Shows the page that the address names: `#/learn`, `#/learn/<lesson>` or `#/learn/myths`. */
export async function showCourse(fragment: string): Promise<void> {
  const text = await courseText();
  if (location.hash !== fragment) return;
  const name = fragment.replace(/^#\/learn\/?/, '');
  const lesson = LESSONS.find(({ id }) => id === name);
  const page = lesson
    ? lessonPage(lesson, text, laboratory)
    : name === 'myths'
      ? mythsPage(text, laboratory)
      : indexPage(text);
  root.replaceChildren(page);
  root.scrollTop = 0;
  document.title = `${page.querySelector('h1')?.textContent} · Poolscope`;
  // A new page begins at its title, for those who read by ear; the first one begins where the document does.
  if (!isFirst) page.querySelector('h1')?.focus();
  isFirst = false;
}

// The language changes: the same page in the other one, from its beginning.
new MutationObserver(() => {
  if (isCourse()) void showCourse(location.hash);
}).observe(document.documentElement, { attributeFilter: ['lang'] });
