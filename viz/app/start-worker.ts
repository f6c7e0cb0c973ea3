/** A worker that simulates, on a thread of its own. A report has none: `viz/report/start-worker.ts` stands in its place. */
export function startWorker(): Worker {
  return new Worker(new URL('../worker.ts', import.meta.url), { type: 'module' });
}
