/** A limit of time or memory was reached: exit code 4. */
export class LimitError extends Error {}

/** The error with which a run that takes too long ends. */
export function timeIsOver(seconds: number): LimitError {
  return new LimitError(`takes longer than the time limit of ${seconds} s`);
}

export function memoryIsOver(): LimitError {
  return new LimitError('needs more memory than there is');
}

/** To be called now and then; throws a LimitError once the time is over. */
export function timeLimit(seconds: number | undefined): () => void {
  if (seconds === undefined) return () => {};
  const end = performance.now() + seconds * 1000;
  return () => {
    if (performance.now() > end) throw timeIsOver(seconds);
  };
}

/** What limit an error is about; null if it is none. */
export function limitReached(error: unknown): string | null {
  if (error instanceof LimitError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  const isMemory =
    code === 'ERR_WORKER_OUT_OF_MEMORY' ||
    (error instanceof RangeError && /allocation failed|Invalid (typed )?array length/i.test(message));
  return isMemory ? memoryIsOver().message : null;
}
