import { numUsableBlocks, type Recording } from '../sim/recording/recording.ts';

const SPARK = '▁▂▃▄▅▆▇█';
const SPARK_WIDTH = 48;

/** KV use over the steps: the maximum of each bucket. */
export function sparkline({ steps, numSteps, header }: Recording): string {
  const usable = numUsableBlocks(header);
  const width = Math.min(SPARK_WIDTH, numSteps);
  let line = '';
  for (let bucket = 0; bucket < width; bucket++) {
    const end = Math.floor(((bucket + 1) * numSteps) / width);
    let most = 0;
    for (let step = Math.floor((bucket * numSteps) / width); step < end; step++) {
      most = Math.max(most, usable - steps.numFreeBlocks[step]);
    }
    line += SPARK[Math.min(SPARK.length - 1, Math.floor((most / usable) * SPARK.length))];
  }
  return line;
}
