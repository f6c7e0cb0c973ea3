import { describe, expect, test } from 'vitest';
import { figureErrors, verifyKernels } from '../../../sim/verify/time.ts';
import {
  LOAD_TEST_COLUMNS,
  summarizeLoadTests,
  verifyLoadTests,
} from '../../../sim/verify/time-load-test.ts';
import { verifyOverhead } from '../../../sim/verify/time-overhead.ts';
import { checkRun } from '../../../sim/verify/time-run.ts';
import { parseMeasuredRun, workloadOfRun } from '../../../sim/verify/time-run-file.ts';

/* A table and a run made up for this test: no measurements. */

const HEAD = 'source,gpu,model,tp,op,kind,m,k,n,batch,ctx,chunk,ndec,ctxdec,hq,hkv,hd,experts,width,ms,use';
const table = (...rows: string[]) => [HEAD, ...rows, ''].join('\n');

describe('kernels', () => {
  const report = verifyKernels(
    table(
      'made,RTX4090,-,1,o_proj,gemm,512,4096,4096,,,,,,,,,,,0.1,fit',
      'made,RTX4090,-,1,o_proj,gemm,512,4096,4096,,,,,,,,,,,0.2,fit',
      'made,RTX4090,-,1,attn_mixed,attn,,,,3,32,16,2,1000,32,8,128,,,0.05,fit',
      'made,RTX4090,Qwen/Qwen3-30B-A3B,1,moe,moe,4,2048,768,,,,,,,,,16,,0.13,fit',
      'made,a100_dgx,-,4,all_reduce,comm,1000000,,,,,,,,,,,,2,0.05,check',
      'made,A6000,-,1,attn_decode,attn,,,,4,100,0,,,32,8,128,,,0.05,exclude',
      'made,TPU-v9,-,1,o_proj,gemm,512,4096,4096,,,,,,,,,,,0.1,fit',
      'made,RTX4090,-,1,tanh,elt,512,,,,,,,,,,,,4096,0.1,fit',
    ),
    'kernels.csv',
  );

  test('are grouped by GPU and operation, rows to be fitted first', () => {
    expect(report.summaries.map(({ gpu, operation, count }) => `${gpu} ${operation} ${count}`)).toEqual([
      'RTX4090 gemm 2',
      'RTX4090 mixed 1',
      'RTX4090 moe 1',
      'a100_dgx all-reduce 1',
    ]);
    const [gemm] = report.summaries;
    // The same product, measured 0.1 and 0.2 ms: one is as far above as the other tells.
    expect(gemm.p90).toBeGreaterThan(gemm.median);
    expect(gemm.within).toBe(false);
    expect(report.summaries[3].within).toBeNull();
  });

  test('what is not compared is counted, with the reason', () => {
    expect(report.skipped).toEqual({
      'marked as not usable': 1,
      'GPU TPU-v9 is not in the catalogue': 1,
      'element-wise tanh is not modelled': 1,
    });
  });

  test('a table without the columns is refused', () => {
    expect(() => verifyKernels('a,b\n1,2\n', 'kernels.csv')).toThrow(/has no column/);
  });
});

describe('runs', () => {
  const requests = `id,arrival_s,input_tokens,output_tokens,prefix_hit_possible,ttft_ms,e2e_ms
a,0,100,50,0,60,1000
b,0.5,170,20,96,60,500
c,0.6,40,30,0,60,700
`;
  const json = (engine: object, config: object = {}) =>
    JSON.stringify({ config: { engine_kwargs: { model: 'meta-llama/Llama-3.1-8B', ...engine }, ...config } });

  test('are simulated with their own configuration, with every figure', () => {
    const run = parseMeasuredRun(
      json({ max_num_seqs: 16, max_model_len: 4096 }, { kv_cache: { num_gpu_blocks: 500 } }),
      requests,
      'runs/rtx4090_made.json',
    );
    if (typeof run === 'string') throw new Error(run);
    const check = checkRun(run, true);
    if (typeof check === 'string') throw new Error(check);
    expect(check).toMatchObject({ gpu: 'rtx4090', numBlocks: 500, numRequests: 3, preemptions: 0 });
    expect(check.assumed).toEqual(["async scheduling, vLLM's default: not logged"]);
    const errors = figureErrors(check);
    expect(errors).toHaveLength(14);
    const tpot = errors.find(({ figure }) => figure === 'TPOT mean')!;
    expect(tpot.simulated).toBeGreaterThan(0.016);
    expect(tpot.simulated).toBeLessThan(0.022);
    expect(tpot.error).toBeCloseTo(tpot.simulated / tpot.measured - 1, 12);
  });

  test('a shared prefix is the prompt of the turn before', () => {
    const run = parseMeasuredRun(json({}), requests, 'rtx4090_made.json');
    if (typeof run === 'string') throw new Error(run);
    const { runStart, runSegment, runLength } = workloadOfRun(run);
    expect(runSegment[runStart[1]]).toBe(runSegment[runStart[0]]);
    expect(runLength[runStart[1]]).toBe(96);
    expect(runStart[3] - runStart[2]).toBe(1);
  });

  test("the driver's name of the GPU counts before the file's", () => {
    const config = { hardware: { device_name: 'NVIDIA A100-SXM4-80GB' } };
    expect(parseMeasuredRun(json({}, config), requests, 'rtx4090_made.json')).toMatchObject({
      gpu: 'a100-80g-sxm',
    });
    expect(parseMeasuredRun(json({}, { hardware: {} }), requests, 'l4_made.json')).toMatchObject({
      gpu: 'l4',
    });
  });

  test('several GPUs: data-parallel ranks share the requests, each with its own blocks', () => {
    const times = (sizes: object) => {
      const engine = { model: 'Qwen/Qwen3-30B-A3B', max_num_seqs: 2, max_model_len: 4096, ...sizes };
      const run = parseMeasuredRun(
        json(engine, { kv_cache: { num_gpu_blocks: 500 } }),
        requests,
        'rtxpro6000_made.json',
      );
      if (typeof run === 'string') throw new Error(run);
      const check = checkRun(run, true);
      if (typeof check === 'string') throw new Error(check);
      return { ...check, wait: check.figures['TTFT mean'].simulated };
    };
    const one = times({});
    const two = times({ data_parallel_size: 2, enable_expert_parallel: true });
    expect([one.layout, two.layout]).toEqual(['', 'dp2']);
    // Two at a time: the third waits, unless there is a second engine.
    expect(two.wait).toBeLessThan(one.wait);
    expect(figureErrors(two).find(({ figure }) => figure === 'throughput')?.published).toBe(0.006);
    expect(figureErrors(one).every(({ published }) => published === null)).toBe(true);
    expect(times({ pipeline_parallel_size: 2 }).layout).toBe('pp2');
  });

  test('what cannot be simulated says why', () => {
    expect(parseMeasuredRun('{}', requests, 'x.json')).toMatch(/no serving run/);
    expect(parseMeasuredRun(json({}), requests, 'tpu_x.json')).toMatch(/not in the catalogue/);
    const small = parseMeasuredRun(json({}), requests, 't4_x.json');
    expect(typeof small === 'string' ? small : checkRun(small, true)).toMatch(/would not start/);
  });
});

test('a load test of which only means are known: its mean time per token, stage by stage', () => {
  const row = (stage: number, failures: number, model = 'meta-llama/Llama-2-7b-hf') =>
    ['made', model, 'H100', 1, stage, 5, failures, 500, 50, 1000, 30].join(',');
  const [columns] = LOAD_TEST_COLUMNS;
  const text = [columns.join(','), row(0, 0), row(1, 7), row(-1, 0), row(0, 0, 'made/up')].join('\n');
  const { checks, skipped } = verifyLoadTests(text, 'made.csv');
  expect(checks).toHaveLength(1);
  expect(checks[0].measured).toBeCloseTo(0.97 / 49, 9);
  // 13.5 GB of weights at 3.35 TB/s take 4 ms.
  expect(checks[0].simulated).toBeGreaterThan(0.004);
  expect(checks[0].simulated).toBeLessThan(0.009);
  expect(skipped).toEqual({
    'with failed requests': 1,
    'sum over all stages': 1,
    'made/up is not in the catalogue': 1,
  });
});

test('the other form of such tables gives the same', () => {
  const [first, second] = LOAD_TEST_COLUMNS;
  const model = 'meta-llama/Llama-2-7b-hf';
  const one = [first.join(','), ['made', model, 'H100', 1, 0, 5, 0, 500, 50, 1000, 30].join(',')].join('\n');
  const other = [second.join(','), ['made', model, 'H100', 1, 0, 5, 500, 50, 1000, 30].join(',')].join('\n');
  const reports = [verifyLoadTests(one, 'a.csv'), verifyLoadTests(other, 'b.csv')];
  expect(reports[1]).toEqual(reports[0]);
  const [{ error }] = reports[0].checks;
  expect(summarizeLoadTests(reports)).toEqual([
    {
      gpu: 'h100-sxm',
      count: 2,
      median: Math.abs(error),
      largest: Math.abs(error),
      bias: error,
      published: [0.031, 0.24],
      within: false,
    },
  ]);
  const empty = [second.join(','), ['made', model, 'H100', 1, 0, '', 500, 50, 1000, 30].join(',')].join('\n');
  expect(verifyLoadTests(empty, 'c.csv').skipped).toEqual({ 'without rate, lengths or times': 1 });
});

test("the CPU time of V0's steps, by degree of tensor parallelism", () => {
  const rows = [8, 16, 64].map((batch) => [batch, 1, 1, 0.3, 0.5, 0.092 * batch].join(','));
  const head =
    'BATCH_SIZE,TENSOR_PARALLEL_DEGREE,SCHEDULE_MEDIAN,SAMPLER_E2E_MEDIAN,PREPARE_INPUTS_E2E_MEDIAN,PROCESS_MODEL_OUTPUTS_MEDIAN';
  const [summary, ...others] = verifyOverhead([head, ...rows].join('\n'), 'made.csv');
  expect(others).toEqual([]);
  expect(summary.median).toBeCloseTo(0, 9);
  expect(summary.line.perStep).toBeCloseTo(1.8e-3, 9);
  expect(summary.line.perSequence).toBeCloseTo(92e-6, 9);
});
