import { expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import { BlockColors } from '../../viz/block-colors.ts';
import { record } from './hello-run.ts';

/** Where the colours of blocks in use begin in a mode's table. */
const FIRST_USED = 4;

test('by cache group, a block has the colour of the table that holds it', () => {
  const cursor = new Cursor(
    record(`version: 1
command: vllm serve google/gemma-3-12b-it --max-model-len 4096 --num-gpu-blocks-override 1800
hardware: {gpu: a100-80g-sxm}
workload: {num-prompts: 12, request-rate: inf, input-len: 1500, output-len: 40}
`),
  );
  const { groups } = cursor.recording.header.pool;
  expect(groups.length).toBeGreaterThan(1);
  const colors = new BlockColors();
  const seen = new Set<number>();
  for (let step = 0; step < cursor.numSteps; step += 4) {
    cursor.seek(step);
    colors.look(cursor, 'group', false);
    for (const request of cursor.running()) {
      groups.forEach((_, which) => {
        for (const block of cursor.table(request, which)) {
          if (block === cursor.nullBlock) continue;
          expect(colors.index(cursor, block)).toBe(FIRST_USED + which);
          seen.add(which);
        }
      });
    }
  }
  expect(seen.size).toBe(groups.length);
});
