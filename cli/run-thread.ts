import Tinypool from 'tinypool';
import type { RunTask } from './file-runner.ts';
import { withFilesRead } from './files.ts';
import { resultOf } from './run-file.ts';
import { sendable } from './sent-result.ts';

/* The thread in which `run` simulates; file-runner.ts asks it. */

const progress = Tinypool.workerData as Float64Array;

export default ({ file, options }: RunTask) => {
  progress.set([0, 0, 1]);
  const { value, filesRead } = withFilesRead(() =>
    resultOf(file, options, (share, numSteps) => {
      progress[0] = share;
      progress[1] = numSteps;
    }),
  );
  return sendable(value, filesRead);
};
