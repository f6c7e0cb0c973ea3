import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Override } from '../../sim/scenario/overrides.ts';
import { memoryIsOver } from '../limits.ts';
import type { Bundle } from './bundle.ts';
import type { PointOutcome } from './run-point.ts';

/** Beside this file in the built command line. */
const PROGRAM = fileURLToPath(new URL('./sweep-worker.js', import.meta.url));
/** How V8 ends a process whose heap is full. */
const FULL_HEAP: readonly unknown[] = ['SIGABRT', 'SIGTRAP', 'SIGILL', 134];

/** The process of a point ended before its answer. */
export class ProcessEnded extends Error {}

/**
 * A process that runs points, one at a time. As fast as a thread, and it can be ended, by us or by the system, without
 * the rest.
 */
export class WorkerProcess {
  private readonly child: ChildProcess;

  constructor(bundle: Bundle) {
    // What V8 says of a full heap takes pages; the exit tells it too.
    this.child = fork(PROGRAM, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    // A message to a process that is gone; its end is what counts.
    this.child.on('error', () => {});
    this.child.send(bundle);
    this.hold(false);
  }

  get ended(): boolean {
    const { exitCode, signalCode, connected } = this.child;
    return exitCode !== null || signalCode !== null || !connected;
  }

  /** @throws ProcessEnded, or LimitError if its heap was full */
  async run(overrides: readonly Override[]): Promise<PointOutcome> {
    this.hold(true);
    try {
      return await this.answerTo(overrides);
    } finally {
      this.hold(false);
    }
  }

  end(): void {
    this.child.kill('SIGKILL');
  }

  /** Whether this process waits for it: as long as it has a point. */
  private hold(waits: boolean): void {
    for (const handle of [this.child, this.child.channel]) {
      if (waits) handle?.ref();
      else handle?.unref();
    }
  }

  private answerTo(overrides: readonly Override[]): Promise<PointOutcome> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const over = () => child.off('message', onMessage).off('exit', onExit).off('error', onError);
      const onMessage = (outcome: PointOutcome) => {
        over();
        resolve(outcome);
      };
      const onExit = (code: number | null, signal: string | null) => {
        over();
        reject(endOf(signal ?? code));
      };
      // It could not be started; then nothing tells its exit.
      const onError = ({ message }: Error) => {
        over();
        reject(new ProcessEnded(message));
      };
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      child.send(overrides);
    });
  }
}

function endOf(how: unknown): Error {
  return FULL_HEAP.includes(how) ? memoryIsOver() : new ProcessEnded(`its process ended with ${how}`);
}
