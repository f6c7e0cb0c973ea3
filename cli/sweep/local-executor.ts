import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import type { Override } from '../../sim/scenario/overrides.ts';
import { timeIsOver } from '../limits.ts';
import type { Bundle } from './bundle.ts';
import { outcomeOf, type PointOutcome } from './run-point.ts';

/** Where points are run. */
export interface Executor {
  /** Never rejects; `digest` names the point. */
  run(overrides: readonly Override[], digest: string): Promise<PointOutcome>;
  close(): Promise<void>;
}

/** Threads of this process. */
export class LocalExecutor implements Executor {
  private readonly pool: Tinypool;
  private readonly timeout: number | undefined;
  private numFree: number;
  private readonly waiting: (() => void)[] = [];

  /** `timeout` is in seconds, for each point. */
  constructor(bundle: Bundle, workers: number, timeout: number | undefined) {
    this.pool = new Tinypool({
      // Beside this file in the built command line.
      filename: fileURLToPath(new URL('./sweep-worker.js', import.meta.url)),
      minThreads: workers,
      maxThreads: workers,
      workerData: bundle,
    });
    this.timeout = timeout;
    this.numFree = workers;
  }

  async run(overrides: readonly Override[]): Promise<PointOutcome> {
    // A point's time begins when a thread is free for it, so the pool's own queue stays empty.
    if (this.numFree > 0) this.numFree--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    const abort = new AbortController();
    const timer = this.timeout && setTimeout(() => abort.abort(), this.timeout * 1000);
    try {
      return await this.pool.run(overrides, { signal: abort.signal });
    } catch (error) {
      return outcomeOf(abort.signal.aborted ? timeIsOver(this.timeout!) : error);
    } finally {
      if (timer) clearTimeout(timer);
      const next = this.waiting.shift();
      if (next) next();
      else this.numFree++;
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
