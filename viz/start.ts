import './app/language.ts';
import { loadAhead } from './app/start-worker.ts';
import './app/theme.ts';
import { keepForOffline } from './offline/register.ts';

/* The page has two rooms: the playground and the course, `#/learn`. What is not visited is not loaded. */

async function enter(): Promise<void> {
  const isCourse = /^#\/learn([/?]|$)/.test(location.hash);
  document.body.dataset.room = isCourse ? 'learn' : 'play';
  if (isCourse) {
    const { showCourse } = await import('./learn/room.ts');
    await showCourse(location.hash);
    keepForOffline();
  } else {
    loadAhead();
    await import('./main.ts');
    document.title = 'Poolscope';
  }
}

window.addEventListener('hashchange', () => void enter());
void enter();
