import type { LessonId } from './course.ts';
import { EXPERIMENTS } from './experiments.ts';
import { MYTH_EXPERIMENTS } from './myth-experiments.ts';
import type { MythOutcome } from './myths/outcome.ts';
import type { MythId } from './myths.ts';
import type { Outcome } from './outcome.ts';

export type LabRequest =
  | { readonly id: number; readonly lesson: LessonId; readonly knob: number }
  | { readonly id: number; readonly myth: MythId };

export type LabAnswer = { readonly id: number } & (
  | { readonly outcome: Outcome | MythOutcome }
  | { readonly fault: string }
);

self.onmessage = ({ data }: MessageEvent<LabRequest>) => {
  const { id } = data;
  try {
    const outcome = 'myth' in data ? MYTH_EXPERIMENTS[data.myth]() : EXPERIMENTS[data.lesson](data.knob);
    self.postMessage({ id, outcome } satisfies LabAnswer);
  } catch (error) {
    self.postMessage({
      id,
      fault: error instanceof Error ? error.message : String(error),
    } satisfies LabAnswer);
  }
};
