import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { BlockLives } from '../../viz/block-life.ts';

const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const V0 = HELLO.replace('"2026-05"', '"0.6.3"')
  .replace('--max-num-batched-tokens 256', '--max-num-batched-tokens 512')
  .replace('--port 8000', '--enable-prefix-caching --swap-space 0.1 --preemption-mode swap');

test.each([
  ['V1', HELLO],
  ['V0', V0],
])('%s: holders and content of every block follow from its life, at any step', (_, text) => {
  const recording = simulateScenario(parseScenario(text, 'hello.pool.yaml')).recording!;
  const cursor = new Cursor(recording);
  const lives = new BlockLives(recording, cursor.numBlocks);
  for (const step of [20, 60, 100, 140]) {
    cursor.seek(step);
    for (let block = 0; block < cursor.numBlocks; block++) {
      if (block === cursor.nullBlock) continue;
      let holders = 0;
      let chain = 0;
      for (const event of lives.of(block)) {
        if (event.step > step) break;
        if (event.step === step && endsIn(recording, block, step)) continue;
        if (event.kind === 'taken' || event.kind === 'hit' || event.kind === 'copied') holders++;
        else if (event.kind === 'given-up') holders--;
        else chain = event.kind === 'cached' ? event.chain : 0;
      }
      if (endsIn(recording, block, step)) continue;
      expect([block, holders, chain]).toEqual([block, cursor.refCount[block], cursor.chain[block]]);
    }
  }
});

/** Whether something happens to the block in the part of a step that lies behind its position. */
function endsIn({ steps, events }: ReturnType<typeof record>, block: number, step: number): boolean {
  for (let event = steps.scheduleEnd[step]; event < steps.eventEnd[step]; event++) {
    if (events.b[event] === block) return true;
  }
  return false;
}

function record(text: string) {
  return simulateScenario(parseScenario(text, 'hello.pool.yaml')).recording!;
}
