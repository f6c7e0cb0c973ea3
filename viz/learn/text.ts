import type { LessonId, PARTS } from './course.ts';
import type { MythId } from './myths.ts';
import type { Facts, Label, Part } from './outcome.ts';

/** The words of a lesson; numbers come from the experiment. */
export interface LessonText {
  readonly title: string;
  /** The idea in one line, for the list of lessons. */
  readonly gist: string;
  readonly text: readonly string[];
  readonly ask: string;
  /** Choice → words; absent where a number is asked for. */
  readonly choices?: Readonly<Record<string, string>>;
  /** Of the number that is asked for. */
  readonly unit?: string;
  /** What came out. */
  readonly result: (facts: Facts) => string;
  /** Why. */
  readonly reveal: (facts: Facts) => readonly string[];
  /** Under the figure. */
  readonly caption: string;
  readonly knob?: { readonly label: string; readonly unit: (value: number) => string };
  readonly question: string;
  readonly answer: (facts: Facts) => string;
}

export interface MythText {
  readonly claim: string;
  readonly source: string;
  /** What would follow if it were true. */
  readonly predicts: string;
  readonly found: (facts: Facts) => string;
}

/** All words of the course in one language. */
export interface CourseText {
  readonly page: {
    readonly title: string;
    readonly intro: readonly string[];
    readonly start: string;
    readonly continue: string;
    readonly done: (done: number, of: number) => string;
    readonly lessons: string;
    readonly parts: Readonly<Record<(typeof PARTS)[number]['id'], string>>;
    readonly previous: string;
    readonly next: string;
    readonly allLessons: string;
    readonly lesson: (number: number, of: number) => string;
    readonly holdsFor: (eras: readonly string[]) => string;
    readonly predict: string;
    readonly check: string;
    readonly skip: string;
    readonly running: string;
    readonly right: string;
    readonly wrong: (said: string) => string;
    readonly skipped: string;
    readonly change: string;
    readonly question: string;
    readonly showAnswer: string;
    readonly tryIt: string;
    readonly numbers: string;
    readonly read: string;
    readonly predicted: string;
    readonly fault: string;
    readonly myths: string;
    readonly mythsGist: string;
    readonly mythsIntro: readonly string[];
    readonly source: string;
    readonly ifTrue: string;
    readonly runIt: string;
    readonly holds: string;
    readonly fails: string;
    readonly found: string;
    readonly seeLesson: (title: string) => string;
    readonly wholeLesson: string;
    readonly print: string;
    readonly because: string;
    readonly teacher: string;
    readonly teacherGist: string;
    readonly teacherIntro: readonly string[];
    readonly pinnedLink: string;
    readonly figureCode: string;
    readonly otherVersion: (made: string, now: string) => string;
  };
  readonly eras: Readonly<Record<'paper' | 'V0' | 'V1', string>>;
  readonly parts: Readonly<Record<Part, string>>;
  readonly states: Readonly<Record<string, string>>;
  /** Keys of Label → words. */
  readonly labels: Readonly<Record<string, (...values: (number | string)[]) => string>>;
  readonly lessons: Readonly<Record<LessonId, LessonText>>;
  readonly myths: Readonly<Record<MythId, MythText>>;
}

/** @throws Error for a key that the language does not have. */
export function say({ labels }: CourseText, [key, ...values]: Label): string {
  const words = labels[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words(...values);
}
