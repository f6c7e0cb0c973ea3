import type { Override } from '../../sim/scenario/overrides.ts';
import { timeIsOver } from '../limits.ts';
import type { Bundle } from './bundle.ts';
import { outcomeOf, type PointOutcome } from './run-point.ts';
import { ProcessEnded, WorkerProcess } from './worker-process.ts';

/** Where points are run. */
export interface Executor {
  /** Never rejects; `digest` names the point. */
  run(overrides: readonly Override[], digest: string): Promise<PointOutcome>;
  close(): Promise<void>;
}

/** A point whose process was ended from outside is run again; one that so many did not survive is given up. */
const MOST_DEATHS = 3;

/** Processes of this machine. */
export class LocalExecutor implements Executor {
  private readonly bundle: Bundle;
  private readonly timeout: number | undefined;
  private readonly all = new Set<WorkerProcess>();
  private readonly idle: WorkerProcess[] = [];
  private readonly waiting: ((worker: WorkerProcess) => void)[] = [];
  private readonly end = () => {
    for (const worker of this.all) worker.end();
  };

  /** `timeout` is in seconds, for each point. */
  constructor(bundle: Bundle, workers: number, timeout: number | undefined) {
    this.bundle = bundle;
    this.timeout = timeout;
    for (let i = 0; i < workers; i++) this.idle.push(this.start());
    process.once('exit', this.end);
  }

  async run(overrides: readonly Override[]): Promise<PointOutcome> {
    for (let deaths = 1; ; deaths++) {
      try {
        return await this.tryOnce(overrides);
      } catch (error) {
        if (!(error instanceof ProcessEnded) || deaths === MOST_DEATHS) return outcomeOf(error);
      }
    }
  }

  async close(): Promise<void> {
    process.off('exit', this.end);
    this.end();
  }

  /** A point's time begins when a process is free for it. */
  private async tryOnce(overrides: readonly Override[]): Promise<PointOutcome> {
    const worker = await this.take();
    let late = false;
    const timer =
      this.timeout &&
      setTimeout(() => {
        late = true;
        worker.end();
      }, this.timeout * 1000);
    try {
      return await worker.run(overrides);
    } catch (error) {
      throw late ? timeIsOver(this.timeout!) : error;
    } finally {
      if (timer) clearTimeout(timer);
      this.giveBack(worker);
    }
  }

  private async take(): Promise<WorkerProcess> {
    const worker = this.idle.pop() ?? (await this.nextFree());
    return worker.ended ? this.replace(worker) : worker;
  }

  private nextFree(): Promise<WorkerProcess> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private giveBack(worker: WorkerProcess): void {
    const resolve = this.waiting.shift();
    if (resolve) resolve(worker);
    else this.idle.push(worker);
  }

  private replace(worker: WorkerProcess): WorkerProcess {
    this.all.delete(worker);
    return this.start();
  }

  private start(): WorkerProcess {
    const worker = new WorkerProcess(this.bundle);
    this.all.add(worker);
    return worker;
  }
}
