import { LESSONS, type Lesson } from './course.ts';

/** What an address of the course asks for: `#/learn/PAGE?knob=33&embed=1&lang=zh&v=0.1.0`, each part optional. */
export interface CourseAddress {
  readonly page: 'index' | 'myths' | 'teacher' | Lesson;
  /** The figure alone, within another page. */
  readonly embed: boolean;
  /** Where the slider stands; null: where the question is. */
  readonly knob: number | null;
  readonly language: 'en' | 'zh' | null;
  /** The Poolscope that the link was made with; null: any. */
  readonly version: string | null;
}

const PREFIX = '#/learn';

/** Reads an address; what is unknown in it is passed over. */
export function courseAddress(fragment: string): CourseAddress {
  const [path, query = ''] = fragment.slice(PREFIX.length).split('?', 2);
  const name = path.replace(/^\//, '');
  const lesson = LESSONS.find(({ id }) => id === name);
  const asked = new URLSearchParams(query);
  const knob = Number(asked.get('knob') ?? Number.NaN);
  const language = asked.get('lang');
  const version = asked.get('v');
  return {
    page: lesson ?? (name === 'myths' || name === 'teacher' ? name : 'index'),
    embed: lesson !== undefined && asked.get('embed') === '1',
    knob: lesson?.knob?.values.includes(knob) ? knob : null,
    language: language === 'en' || language === 'zh' ? language : null,
    version: version !== null && /^[\w.-]{1,20}$/.test(version) ? version : null,
  };
}

/** The address of a lesson with so much of it as is given. */
export function lessonAddress(
  { id }: Lesson,
  { embed, knob, language, version }: Partial<Omit<CourseAddress, 'page'>> = {},
): string {
  const asked = new URLSearchParams({
    ...(knob != null && { knob: String(knob) }),
    ...(embed && { embed: '1' }),
    ...(language && { lang: language }),
    ...(version && { v: version }),
  }).toString();
  return `${PREFIX}/${id}${asked === '' ? '' : `?${asked}`}`;
}
