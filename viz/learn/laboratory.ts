import type { LessonId } from './course.ts';
import type { LabAnswer, LabRequest } from './laboratory-worker.ts';
import type { MythOutcome } from './myths/outcome.ts';
import type { MythId } from './myths.ts';
import type { Outcome } from './outcome.ts';

/** Runs experiments in a worker, one after the other; each once. */
export class Laboratory {
  private worker: Worker | null = null;
  private numAsked = 0;
  private readonly waiting = new Map<number, { done(outcome: unknown): void; fail(error: Error): void }>();
  private readonly known = new Map<string, Promise<unknown>>();

  lesson(lesson: LessonId, knob: number): Promise<Outcome> {
    return this.once(`${lesson} ${knob}`, (id) => ({ id, lesson, knob })) as Promise<Outcome>;
  }

  myth(myth: MythId): Promise<MythOutcome> {
    return this.once(`myth ${myth}`, (id) => ({ id, myth })) as Promise<MythOutcome>;
  }

  private once(key: string, request: (id: number) => LabRequest): Promise<unknown> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const promise = new Promise<unknown>((done, fail) => {
      const id = this.numAsked++;
      this.waiting.set(id, { done, fail });
      this.worker ??= this.start();
      this.worker.postMessage(request(id));
    });
    this.known.set(key, promise);
    return promise;
  }

  private start(): Worker {
    const worker = new Worker(new URL('./laboratory-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<LabAnswer>) => {
      const asked = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('fault' in data) asked?.fail(new Error(data.fault));
      else asked?.done(data.outcome);
    };
    worker.onerror = () => {
      for (const { fail } of this.waiting.values()) fail(new Error('the worker could not be started'));
      this.waiting.clear();
    };
    return worker;
  }
}
