import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Bench } from 'tinybench';
import { simulate } from '../../sim/engine/simulate.ts';
import { plan } from '../../sim/memory/planner.ts';
import { Cursor } from '../../sim/recording/cursor.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { fixedStepTime } from '../../sim/time/fixed.ts';
import { isV0, parseCase } from '../../sim/verify/parse-case.ts';
import { replayCase, replayInput } from '../../sim/verify/replay-case.ts';
import { WorkloadBuilder } from '../../sim/workload/builder.ts';
import { benchAllocator, PYTORCH_PAIRS_PER_SECOND } from './allocator.ts';
import { sweepSpeedup } from './sweep-speedup.ts';
import { drain, start, V0_VERSIONS } from './versions.ts';

/*
 * Seeded benchmarks: medians of repeats, machine and date in the output.
 *
 *   npm run bench [-- --trace azure-2023-conv.csv] [-- --workloads FOLDER]
 */

/** Schedule and update of vLLM's own scheduler (CPython, two shared cores) on the same workloads, seconds. */
const VLLM_SECONDS: Readonly<Record<string, number>> = {
  'v1-bench-1000-noprefix': 5.1,
  'v1-bench-1000-prefix': 5.1,
  'v1-bench-10000-noprefix': 48.9,
  'v1-bench-10000-prefix': 53.3,
};
const REPEATS = 5;

async function main(): Promise<void> {
  const option = (name: string) =>
    process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null;
  const trace = option('--trace');
  const workloads = option('--workloads');
  console.log(
    `poolscope bench · ${new Date().toISOString().slice(0, 10)} · Node ${process.version} · ${cpus()[0].model} × ${cpus().length}`,
  );
  console.log(`medians of ${REPEATS} runs after one to warm up\n`);
  await conformanceWorkloads();
  await decodeHeavy();
  await poolSizes();
  allocator();
  console.log(
    `sweep of 1,000 points: a second worker brings ${sweepSpeedup().toFixed(2)} of what it brings to a loop\n`,
  );
  if (workloads !== null) peerWorkloads(workloads);
  if (trace !== null) await azureTrace(trace);
  console.log(`peak memory of this process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}

/** Median seconds of a function. */
async function median(name: string, run: () => void): Promise<number> {
  const bench = new Bench({ iterations: REPEATS, time: 0, warmupIterations: 1, warmupTime: 0 });
  bench.add(name, run);
  const [task] = await bench.run();
  const { result } = task;
  if (!('latency' in result) || result.latency === undefined) throw new Error(`${name} did not run`);
  return result.latency.p50 / 1000;
}

/** The 1,000- and 10,000-request workloads on which vLLM's scheduler was timed. */
async function conformanceWorkloads(): Promise<void> {
  console.log('schedule and update alone, without and with recording:');
  for (const name of Object.keys(VLLM_SECONDS)) {
    const path = join('test/conformance/v1/bench', `${name}.json.gz`);
    const kase = parseCase(gunzipSync(readFileSync(path)).toString(), name);
    if (kase === null || isV0(kase) || kase.expect === undefined)
      throw new Error(`${path} is no benchmark case`);
    const { workload, pool, scheduler: config } = replayInput(kase);
    let steps = 0;
    const bare = await median(name, () => {
      steps = drain(start('V1', workload, pool, config));
    });
    if (steps !== kase.expect.steps)
      throw new Error(`${name}: ${steps} steps, expected ${kase.expect.steps}`);
    const recorded = await median(name, () => {
      replayCase(kase);
    });
    report(
      name,
      bare,
      steps,
      workload.numRequests,
      `${(VLLM_SECONDS[name] / bare).toFixed(0)}× vLLM's scheduler`,
    );
    report(
      '  recorded, workload built',
      recorded,
      steps,
      workload.numRequests,
      `${(recorded / bare).toFixed(2)}× the time`,
    );
    for (const version of V0_VERSIONS) {
      const seconds = await median(version, () => {
        steps = drain(start(version, workload, pool, config));
      });
      report(`  ${version}`, seconds, steps, workload.numRequests, ofV1(bare, seconds));
    }
  }
  console.log('');
}

/** The same load on pools from 10³ to 10⁶ blocks: a step must not cost more in a bigger pool. */
async function poolSizes(): Promise<void> {
  console.log('2,000 requests of 300 + 100 tokens, at most 64 at once, by size of the pool:');
  const builder = new WorkloadBuilder();
  for (let i = 0; i < 2000; i++) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, 300]], maxTokens: 100 });
  }
  const workload = builder.finish();
  const hello = plan(parseScenario(readFileSync('scenarios/hello.pool.yaml', 'utf8'), 'hello'));
  if (!hello.starts) throw new Error('hello does not start');
  for (const numGpuBlocks of [1e4, 1e3, 1e4, 1e5, 1e6]) {
    let steps = 0;
    const seconds = await median(String(numGpuBlocks), () => {
      steps = simulate({
        name: 'bench',
        seed: 0,
        vllm: '2026-05',
        pool: { ...hello.pool, numGpuBlocks },
        scheduler: { ...hello.scheduler, asyncScheduling: false, maxNumSeqs: 64, maxNumBatchedTokens: 2048 },
        workload,
        stepTime: fixedStepTime(1e6),
      }).numSteps;
    });
    report(`${numGpuBlocks.toExponential(0)} blocks`, seconds, steps, 2000, '');
  }
  console.log('');
}

/** PyTorch's caching allocator beside the original. */
function allocator(): void {
  console.log('the caching allocator, allocations with their freeings a second of CPU time:');
  for (const { name, pairsPerSecond } of benchAllocator()) {
    const ratio = (pairsPerSecond / PYTORCH_PAIRS_PER_SECOND).toFixed(1);
    const note = name.startsWith('recorded') ? `  ${ratio}× PyTorch's in C++` : '';
    console.log(`  ${name.padEnd(40)} ${(pairsPerSecond / 1e6).toFixed(2).padStart(6)} M/s${note}`);
  }
  console.log('');
}

/** 256 requests that decode: nothing but counters moves in most of them. */
async function decodeHeavy(): Promise<void> {
  console.log('256 requests of 100 + 3,500 tokens on a roomy pool:');
  const builder = new WorkloadBuilder();
  for (let i = 0; i < 256; i++) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, 100 + (i % 50)]], maxTokens: 3500 });
  }
  const workload = builder.finish();
  const hello = plan(parseScenario(readFileSync('scenarios/hello.pool.yaml', 'utf8'), 'hello'));
  if (!hello.starts) throw new Error('hello does not start');
  const pool = { ...hello.pool, numGpuBlocks: 64_000 };
  const config = {
    ...hello.scheduler,
    asyncScheduling: false,
    maxNumSeqs: 256,
    maxNumBatchedTokens: 8192,
    maxModelLen: 4096,
  };
  const cases = [
    ['fast path', { ...pool, enablePrefixCaching: false }, true],
    ['fast path, prefix caching', pool, true],
    ['plain path, prefix caching', pool, false],
  ] as const;
  for (const [name, poolOfCase, fast] of cases) {
    let ofVersion1 = 0;
    for (const version of ['V1', ...V0_VERSIONS] as const) {
      let steps = 0;
      const seconds = await median('decode', () => {
        steps = drain(start(version, workload, poolOfCase, config, fast));
      });
      if (version === 'V1') ofVersion1 = seconds;
      const note = version === 'V1' ? '' : ofV1(ofVersion1, seconds);
      report(version === 'V1' ? name : `  ${version}`, seconds, steps, 256, note);
    }
  }
  let steps = 0;
  const seconds = await median('recorded', () => {
    const input = { name: 'bench', seed: 0, vllm: '2026-05', pool, scheduler: config, workload };
    steps = simulate({ ...input, stepTime: fixedStepTime(1e6) }).numSteps;
  });
  report('fast path, caching, recorded', seconds, steps, 256, '');
  console.log('');
}

/** Llama-2-7B on one A100-80G with 7,000 blocks: the set-up on which other simulators were timed. */
const PEER_SCENARIO = `version: 1
command: vllm serve meta-llama/Llama-2-7b-hf --num-gpu-blocks-override 7000 --max-num-seqs 256
  --max-num-batched-tokens 2048 --max-model-len 4096 --no-enable-prefix-caching
hardware: {gpu: a100-80g}
`;

/** CPU time per output token of reading, planning and simulating with the roofline step time, no events kept. */
function peerWorkloads(folder: string): void {
  console.log(
    'Llama-2-7B on one A100-80G, async scheduling, roofline step time, CPU time of the whole process while it runs:',
  );
  const scenario = parseScenario(PEER_SCENARIO, 'peer');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.csv'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    const cpuSeconds: number[] = [];
    let tokens = 0;
    for (let run = 0; run <= REPEATS; run++) {
      const before = process.cpuUsage();
      const { recording } = simulateScenario(
        {
          ...scenario,
          workload: { kind: 'trace', path: name, format: 'vidur', timeScale: 1, limit: null, pace: null },
        },
        { readTrace: () => text, events: false },
      );
      const { user, system } = process.cpuUsage(before);
      if (recording === null) throw new Error('the scenario does not start');
      tokens = recording.requests.numOutputTokens.reduce((sum, n) => sum + n, 0);
      if (run > 0) cpuSeconds.push((user + system) / 1e6);
    }
    const seconds = cpuSeconds.sort((a, b) => a - b)[cpuSeconds.length >> 1];
    const perToken = ((seconds / tokens) * 1e6).toFixed(3);
    console.log(
      `  ${name.padEnd(28)} ${(seconds * 1000).toFixed(0).padStart(8)} ms, ${perToken} us per output token`,
    );
  }
  console.log('');
}

/** A whole real trace, recorded and replayed. */
async function azureTrace(path: string): Promise<void> {
  if (!existsSync(path)) throw new Error(`${path}: there is no such file`);
  console.log('a real trace through Llama-3.1-8B on one A100-80G:');
  const file = 'scenarios/llama31-8b-on-a100.pool.yaml';
  const scenario = parseScenario(readFileSync(file, 'utf8'), file);
  const text = readFileSync(path, 'utf8');
  const run = () =>
    simulateScenario(
      { ...scenario, workload: { kind: 'trace', path, format: null, timeScale: 1, limit: null, pace: null } },
      { readTrace: () => text },
    ).recording;
  const recording = run();
  if (recording === null) throw new Error('the scenario does not start');
  const seconds = await median('trace', run);
  report('read, plan, simulate, record', seconds, recording.numSteps, recording.requestIds.length, '');
  const seek = await median('seek', () => {
    const cursor = new Cursor(recording);
    cursor.seek(recording.numSteps);
  });
  console.log(
    `  replay of ${recording.numEvents.toLocaleString('en-US')} events: ${(seek * 1000).toFixed(0)} ms\n`,
  );
}

function ofV1(secondsOfV1: number, seconds: number): string {
  return `${(secondsOfV1 / seconds).toFixed(2)}× V1's speed`;
}

function report(name: string, seconds: number, steps: number, requests: number, note: string): void {
  const perSecond = (n: number) =>
    Math.round(n / seconds)
      .toLocaleString('en-US')
      .padStart(10);
  console.log(
    `  ${name.padEnd(28)} ${(seconds * 1000).toFixed(1).padStart(8)} ms ${perSecond(steps)} steps/s ${perSecond(requests)} requests/s  ${note}`,
  );
}

await main();
