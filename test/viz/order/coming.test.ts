import { expect, test } from 'vitest';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { BlockOrder } from '../../../viz/order/block-order.ts';

const LONG = `version: 1
name: long
vllm: "2026-05"
command: >
  vllm serve facebook/opt-125m --num-gpu-blocks-override 2000 --block-size 1
  --max-model-len 1024 --max-num-seqs 8 --max-num-batched-tokens 1024
hardware: { gpu: a100-80g-sxm, count: 1 }
workload: { num-prompts: 300, request-rate: inf, input-len: 500, output-len: 2 }
`;

test('the tree of a long run is made bit by bit: until then blocks stand as before, and follow the cursor', () => {
  const recording = simulateScenario(parseScenario(LONG, 'long.pool.yaml')).recording!;
  const cursor = new Cursor(recording);
  const order = new BlockOrder();
  const blocksOf = (shown: BlockOrder) =>
    Array.from({ length: cursor.numBlocks }, (_, slot) => shown.blockIn(slot));
  const anew = (mode: 'queue' | 'prefix') => {
    const other = new BlockOrder();
    do other.arrange(cursor, mode);
    while (other.isComing);
    return blocksOf(other);
  };
  cursor.seek(20);
  order.arrange(cursor, 'queue', cursor.takeChanges());
  let numCalls = 0;
  do {
    cursor.seek(cursor.step + 1);
    order.arrange(cursor, 'prefix', cursor.takeChanges());
    numCalls++;
    expect(blocksOf(order)).toEqual(anew(order.isComing ? 'queue' : 'prefix'));
    expect(order.branches === null).toBe(order.isComing);
  } while (order.isComing);
  expect(numCalls).toBeGreaterThan(1);
  // What is wanted no more is not on its way.
  const other = new BlockOrder();
  other.arrange(cursor, 'prefix');
  expect(other.isComing).toBe(true);
  expect(other.blocks).toBe(null);
  other.arrange(cursor, 'queue');
  expect(other.isComing).toBe(false);
});
