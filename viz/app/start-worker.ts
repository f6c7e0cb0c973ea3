let ahead: Worker | null = null;

/** Has the first worker load while the page itself still does. */
export function loadAhead(): void {
  const worker = makeWorker();
  ahead = worker;
  // Who asks for one then makes another, and hears of it.
  worker.onerror = () => {
    if (ahead === worker) ahead = null;
  };
}

/** A worker that simulates, on a thread of its own. A report has none: `viz/report/start-worker.ts` stands in its place. */
export function startWorker(): Worker {
  const worker = ahead ?? makeWorker();
  ahead = null;
  return worker;
}

function makeWorker(): Worker {
  return new Worker(new URL('../worker.ts', import.meta.url), { type: 'module' });
}
