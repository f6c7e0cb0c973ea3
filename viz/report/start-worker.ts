import type { WorkerAnswer } from '../worker/messages.ts';

const ANSWER: WorkerAnswer = {
  kind: 'fault',
  message: 'A report shows runs that were recorded. `poolscope open FILE` opens the page that simulates.',
};

export function loadAhead(): void {}

/** In a report, which is one file and starts no workers: one that says so. */
export function startWorker(): Worker {
  const worker = {
    onmessage: null as Worker['onmessage'],
    postMessage() {
      queueMicrotask(() =>
        worker.onmessage?.call(worker as unknown as Worker, new MessageEvent('message', { data: ANSWER })),
      );
    },
    terminate() {},
  };
  return worker as unknown as Worker;
}
