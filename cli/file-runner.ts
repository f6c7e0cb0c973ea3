import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import { grouped } from '../sim/words.ts';
import { shownPath, stampOf } from './files.ts';
import { limitReached, timeIsOver } from './limits.ts';
import { ProgressBar } from './progress.ts';
import type { FileResult } from './reporters/reporter.ts';
import { limited, type RunFileOptions, resultOf } from './run-file.ts';
import { received, type Sent } from './sent-result.ts';

/** Beside this file in the built command line. */
const THREAD = fileURLToPath(new URL('./run-thread.js', import.meta.url));
/** A simulation looks at the clock now and then; one that has not by then is ended from outside. */
const GRACE_SECONDS = 2;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const SHOW_EVERY_MS = 100;

export interface RunTask {
  readonly file: string;
  readonly options: RunFileOptions;
}

/**
 * Runs files in a thread. A computation hears no signal and outlives neither its memory nor, where it is stuck, its
 * time: the thread can be ended, and what is finished is here. From source, as in tests, there is no thread.
 */
export class FileRunner {
  /** File → what its last run read, itself included: full path → stamp. */
  readonly filesRead = new Map<string, ReadonlyMap<string, string>>();

  /** Of the file that runs: the share of requests that have ended, steps, and 1 once it runs. Both threads see it. */
  private readonly progress = new Float64Array(new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT));
  private readonly pool: Tinypool | null;
  private readonly interrupt = new AbortController();
  private readonly raise = () => this.interrupt.abort();

  constructor() {
    // At the second Ctrl-C nobody listens, which ends the process.
    process.once('SIGINT', this.raise);
    this.pool = existsSync(THREAD)
      ? new Tinypool({ filename: THREAD, minThreads: 1, maxThreads: 1, workerData: this.progress })
      : null;
  }

  /** Raised at Ctrl-C. */
  get interrupted(): AbortSignal {
    return this.interrupt.signal;
  }

  /** null: Ctrl-C. */
  async run(file: string, options: RunFileOptions): Promise<FileResult | null> {
    if (this.interrupted.aborted) return null;
    if (this.pool === null) return resultOf(file, options);
    this.filesRead.set(file, new Map([[resolve(file), stampOf(file)]]));
    const { timeout = Number.POSITIVE_INFINITY } = options;
    const late = new AbortController();
    const mostMs = Math.min((timeout + GRACE_SECONDS) * 1000, LONGEST_TIMER_MS);
    let timer: NodeJS.Timeout | undefined;
    this.progress.fill(0);
    const bar = new ProgressBar(shownPath(file));
    const shown = setInterval(() => {
      const [share, numSteps, runs] = this.progress;
      // A thread that is still being started takes none of the file's time.
      if (runs === 1) timer ??= setTimeout(() => late.abort(), mostMs);
      bar.update(share, `${grouped(numSteps)} steps`);
    }, SHOW_EVERY_MS);
    try {
      const signal = AbortSignal.any([this.interrupted, late.signal]);
      const sent: Sent = await this.pool.run({ file, options } satisfies RunTask, { signal });
      this.filesRead.set(file, sent.filesRead);
      return received(sent);
    } catch (error) {
      if (this.interrupted.aborted) return null;
      const limit = limitReached(late.signal.aborted ? timeIsOver(timeout) : error);
      if (limit === null) throw error;
      const [share, numSteps] = this.progress;
      return limited(file, limit, [share, numSteps]);
    } finally {
      clearTimeout(timer);
      clearInterval(shown);
      bar.end();
    }
  }

  async close(): Promise<void> {
    process.off('SIGINT', this.raise);
    await this.pool?.destroy();
  }
}
