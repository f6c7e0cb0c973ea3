import type { ScenarioSource } from '../../sim/share/fragment.ts';
import { keepIndex } from '../run-index.ts';
import { t } from '../text/text.ts';
import type { WorkerAnswer, WorkerRequest } from '../worker/messages.ts';
import { startWorker } from './start-worker.ts';

/** One simulation at a time, in a worker of its own: a new one cancels the one before, at once. */
export class Engine {
  private worker: Worker | null = null;

  /** `heard` is told of progress, and then of the one answer. */
  simulate(source: ScenarioSource, heard: (answer: WorkerAnswer) => void): void {
    this.cancel();
    const worker = startWorker();
    this.worker = worker;
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data.kind !== 'progress') worker.terminate();
      if (data.kind === 'recording') {
        data.replicas.forEach((recording, i) => {
          keepIndex(recording, data.indexes[i]);
        });
      }
      heard(data);
    };
    worker.onerror = () => heard({ kind: 'fault', message: t().messages.notStarted });
    worker.postMessage({ ask: 'run', source } satisfies WorkerRequest);
  }

  /** The scenario as one file. */
  merge(source: ScenarioSource): Promise<string> {
    return new Promise((done, fail) => {
      const worker = startWorker();
      worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        worker.terminate();
        if (data.kind === 'merged') done(data.text);
        else fail(new Error('the scenario could not be read'));
      };
      worker.postMessage({ ask: 'merge', source } satisfies WorkerRequest);
    });
  }

  cancel(): void {
    this.worker?.terminate();
    this.worker = null;
  }
}
