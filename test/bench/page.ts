import { cpus } from 'node:os';
import type { Page } from 'playwright-core';
import { ORDER_MODES } from '../../viz/order/block-order.ts';
import { openSite } from '../viz/site.ts';
import {
  clock,
  drawTimes,
  drop,
  firstPicture,
  heapMegabytes,
  longestTask,
  type Move,
  shown,
  simulating,
  watchTasks,
} from './page-measures.ts';

/*
 * What the page promises of its speed, asserted in a real browser that draws in software, by the clock. Machines are
 * shared, so the best of the attempts counts.
 */

const ATTEMPTS = 16;
const FRAMES = 60;
const JUMPS = 100;
let failed = 0;

/** In every step about 1,000 blocks are taken and as many let go; they wander over the whole pool. */
const steps = (numBlocks: number, caching = '--no-enable-prefix-caching') => `version: 1
name: steps
vllm: "2026-05"
command: >
  vllm serve facebook/opt-125m --num-gpu-blocks-override ${numBlocks} --block-size 1
  --max-model-len 1024 --max-num-seqs 64 --max-num-batched-tokens 1024 ${caching}
hardware: { gpu: a100-80g-sxm, count: 1 }
workload: { num-prompts: 2000, request-rate: inf, input-len: 500, output-len: 2 }
`;
/** … and contents that continue one another. */
const cached = (numBlocks: number) =>
  steps(numBlocks, '--enable-prefix-caching').replace('name: steps', 'name: cached');

/** 100,184 steps, 7.3 million events. */
const long = `version: 1
name: long
vllm: "2026-05"
command: >
  vllm serve facebook/opt-125m --num-gpu-blocks-override 100000 --block-size 16
  --max-model-len 2048 --max-num-seqs 256 --max-num-batched-tokens 2048
hardware: { gpu: a100-80g-sxm, count: 1 }
workload: { num-prompts: 25600, request-rate: inf, input-len: 500, output-len: 1000 }
`;

const short = long
  .replace('name: long', 'name: short')
  .replace('num-prompts: 25600', 'num-prompts: 10')
  .replace('output-len: 1000', 'output-len: 10');

/** Measures until the limit is met, or the attempts are used up. */
async function budget(
  name: string,
  limit: number,
  unit: 'ms' | 'MB',
  measure: () => Promise<number>,
): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && least > limit; attempt++) {
    least = Math.min(least, await measure());
  }
  if (least > limit) failed++;
  const figure = `${least.toFixed(unit === 'ms' && least < 100 ? 1 : 0)} ${unit}`;
  console.log(
    `  ${least > limit ? 'FAILED' : 'ok    '} ${name.padEnd(80)} ${figure.padStart(8)}, at most ${limit} ${unit}`,
  );
}

/**
 * Measures a share of the times that moves take. The same moves are made in each attempt, and what a move takes at
 * best counts: what else the machine does only ever adds to it.
 */
function shareOf(of: number, page: Page, move: Move, count: number): () => Promise<number> {
  const best: number[] = new Array(count).fill(Number.POSITIVE_INFINITY);
  return async () => {
    if (move === 'next') await page.keyboard.press('Home');
    (await drawTimes(page, move, count)).forEach((ms, i) => {
      best[i] = Math.min(best[i], ms);
    });
    return best.toSorted((a, b) => a - b)[Math.min(count - 1, Math.floor(count * of))];
  };
}

async function open(page: Page, text: string, name: string): Promise<void> {
  await drop(page, text);
  await shown(page, name);
}

const site = await openSite();
try {
  console.log(
    `budgets of the page · ${cpus()[0].model} × ${cpus().length} · the best of ${ATTEMPTS} attempts`,
  );
  const visit = async () => (await site.visit({ reducedMotion: 'reduce' })).page;
  for (const [what, address, element, text] of [
    ['its first picture', '', '#scenario-name', 'hello ·'],
    ['the question of the first lesson', '#/learn/kv-per-token', 'input[name=said]', ''],
  ] as const) {
    await budget(`from the request of the page to ${what}, in a fresh browser`, 1000, 'ms', async () => {
      const page = await visit();
      const ms = await firstPicture(page, site.url + address, element, text);
      await page.context().close();
      return ms;
    });
  }
  const page = await visit();
  await page.goto(site.url);
  await shown(page, 'hello');
  for (const [numBlocks, limit, limitMoving] of [
    [1_000_000, 8, 8],
    [100_000, 2, 3],
  ]) {
    for (const order of ORDER_MODES) {
      if (order === 'physical') await open(page, steps(numBlocks), 'steps');
      if (order === 'prefix') {
        await open(page, cached(numBlocks), 'cached');
        // Its tree is made in frames.
        await page.waitForTimeout(1000);
      }
      const blocks = `2,000 of ${numBlocks.toLocaleString('en-US')} blocks`;
      const name = `JavaScript of a step, ${blocks} change, ${order} layout: median`;
      await budget(
        name,
        order === 'physical' ? limit : limitMoving,
        'ms',
        shareOf(0.5, page, 'next', FRAMES),
      );
      // On to the next layout, and after the last one to the first.
      await page.keyboard.press('o');
    }
  }

  await budget('longest task of the page while a simulation runs in its worker', 50, 'ms', async () => {
    await watchTasks(page);
    await drop(page, long);
    await simulating(page);
    await page.waitForTimeout(1000);
    return longestTask(page);
  });
  await budget('another scenario in the middle of that: until its run is shown', 1000, 'ms', async () => {
    await drop(page, long);
    await simulating(page);
    const start = await clock(page);
    await drop(page, short);
    return (await shown(page, 'short')) - start;
  });

  await open(page, long, 'long');
  await page.waitForTimeout(2000);
  const recording = '100,184 steps and 100,000 blocks';
  await budget(`JavaScript of a jump, ${recording}: p99`, 16, 'ms', shareOf(0.99, page, 'jump', JUMPS));
  if (page.workers().length > 0) throw new Error('a worker is left over');
  await budget(`heaps of page and workers, ${recording}`, 300, 'MB', () => heapMegabytes(page));
} finally {
  await site.close();
}
process.exitCode = failed === 0 ? 0 : 1;
