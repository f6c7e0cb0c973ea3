import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/* What a second worker brings to a sweep, beside what it brings to a loop that does nothing but compute. */

const NUM_POINTS = 1000;
/** As many requests as `vllm bench serve` sends unless it is told otherwise. */
const NUM_PROMPTS = 1000;
const SWEEP = `version: 1
name: thousand points
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192
hardware: { gpu: l4 }
workload: { num-prompts: ${NUM_PROMPTS}, request-rate: 2, random-input-len: 512, random-output-len: 128 }
sweep: { grid: { seed: [${Array.from({ length: NUM_POINTS }, (_, i) => i)}] } }
`;
/** Shares the rounds between threads, which do nothing but arithmetic. */
const LOOP = `
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
if (isMainThread) {
  const [file, threads, rounds] = process.argv.slice(1);
  for (let i = 0; i < threads; i++) new Worker(file, { eval: true, workerData: rounds / threads });
} else {
  let x = 1;
  for (let i = 0; i < workerData; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  parentPort.postMessage(x);
}
`;
const ROUNDS = 4e9;

/** Speed-up of the sweep with two workers over one, as a share of the loop's, measured by turns. */
export function sweepSpeedup(): number {
  const folder = mkdtempSync(join(tmpdir(), 'poolscope-bench-'));
  try {
    writeFileSync(join(folder, 'points.pool.yaml'), SWEEP);
    const loopWithOne = loop(1);
    const sweepWithOne = sweep(folder, 1);
    const sweepWithTwo = sweep(folder, 2);
    const loopWithTwo = loop(2);
    return sweepWithOne / sweepWithTwo / (loopWithOne / loopWithTwo);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds for all points. */
function sweep(folder: string, workers: number): number {
  const options = ['--workers', String(workers), '--output', 'out.txt'];
  return seconds([resolve('dist/cli/poolscope.js'), 'sweep', 'points.pool.yaml', ...options], folder);
}

/** Seconds for all rounds. */
function loop(threads: number): number {
  return seconds(['-e', LOOP, LOOP, String(threads), String(ROUNDS)]);
}

function seconds(args: readonly string[], cwd = '.'): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - begin) / 1000;
}
