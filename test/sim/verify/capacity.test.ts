import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { agrees, compareCapacity, summarizeCapacity } from '../../../sim/verify/capacity.ts';
import { recordGpu } from '../../../sim/verify/capacity-gpu.ts';
import { recordFormat, recordModel } from '../../../sim/verify/capacity-model.ts';
import { type CapacityRecord, parseCapacityRecords } from '../../../sim/verify/capacity-record.ts';
import { isTooOld, recordRules, releaseOf } from '../../../sim/verify/capacity-release.ts';

const text = readFileSync(new URL('../../capacity/records.jsonl', import.meta.url), 'utf8');
const records = parseCapacityRecords(text, 'records.jsonl');
const results = records.map(compareCapacity);
const summary = summarizeCapacity(results);

function record(id: string): CapacityRecord {
  const found = records.find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found;
}

describe('117 logged start-ups', () => {
  test('no figure outside the log’s rounding but where another rank decides', () => {
    expect(summary.figures.outside).toBe(0);
    expect(summary.figures.inside).toBeGreaterThanOrEqual(176);
    const unequal = results.filter(({ figures }) =>
      figures?.some(({ verdict }) => verdict === 'unequal ranks'),
    );
    expect(unequal.map(({ id }) => id)).toEqual(['m32', 'r035', 'r115']);
  });

  test('every record whose own figures fit together is compared, unless there is too little of it', () => {
    const left = results.filter(({ figures }, i) => figures === null && records[i].consistent === true);
    for (const { notCompared } of left) {
      expect(notCompared).toMatch(/architecture is not known|several kinds|too few figures/);
    }
  });

  test('what started finds room for every tensor here too', () => {
    const predicted = results.filter(({ prediction }) => prediction !== null);
    expect(predicted.length).toBeGreaterThanOrEqual(36);
    expect(predicted.filter(({ prediction }) => prediction?.outOfMemory !== null)).toEqual([]);
  });

  test('from flags alone: median error at most 3 %, p90 at most 10 %', () => {
    expect(summary.stated.count).toBeGreaterThanOrEqual(18);
    expect(summary.stated.median).toBeLessThan(0.03);
    expect(summary.stated.p90).toBeLessThan(0.1);
    expect(agrees(summary)).toBe(true);
    // Where vLLM's defaults stand in for what the log does not state, some of them are wrong.
    expect(summary.all.median).toBeLessThan(0.03);
  });

  test('a record has a prediction or a reason, never both, never neither', () => {
    for (const { prediction, unsupported } of results) {
      expect(prediction === null).toBe(unsupported !== null);
    }
  });

  test('nothing depends on a record’s name, place or order', () => {
    const renamed = compareCapacity({ ...record('r066'), id: 'x' });
    expect(renamed.prediction).toEqual(results.find(({ id }) => id === 'r066')?.prediction);
    expect(summarizeCapacity([...results].reverse())).toEqual(summary);
  });

  test('the log’s own results do not leak into the prediction', () => {
    const { observed, ...rest } = record('r066');
    const blind = compareCapacity({ ...rest, observed: { kv_cache_gib: 1 } });
    expect(blind.prediction?.kvGib).toBe(results.find(({ id }) => id === 'r066')?.prediction?.kvGib);
    expect(observed.kv_cache_gib).toBe(48.63);
  });
});

test('a hybrid model of the catalogue is compared group by group (gpt-oss-20b: 54.44x)', () => {
  const hybrid: CapacityRecord = {
    ...record('r023'),
    model: 'openai/gpt-oss-20b',
    vllm_version: '0.11.0',
    quantization: 'mxfp4',
    arch: null,
    hybrid: true,
    max_num_batched_tokens: 2048,
    observed: {
      kv_cache_gib: (35_335 * 12 * 2048 * 16) / 1024 ** 3,
      kv_cache_tokens: 282_624,
      max_concurrency: 54.44,
    },
  };
  const { figures } = compareCapacity(hybrid);
  expect(figures?.map(({ figure, verdict }) => [figure, verdict])).toEqual([
    ['tokens', 'inside'],
    ['concurrency', 'inside'],
  ]);
});

describe('a difference shows', () => {
  test('in blocks, CPU blocks and concurrency', () => {
    const { observed, ...rest } = record('r103');
    const wrong = { ...observed, num_gpu_blocks: 3700, num_cpu_blocks: 1171, max_concurrency: 30 };
    const figures = compareCapacity({ ...rest, observed: wrong }).figures;
    expect(figures?.map(({ verdict }) => verdict)).toEqual(['outside', 'outside', 'outside']);
  });

  test('CPU blocks that other whole GiB explain, where the log does not state the swap space', () => {
    const { observed, ...rest } = record('r103');
    const of = (stated: readonly string[], num_cpu_blocks: number) =>
      compareCapacity({
        ...rest,
        stated: [...stated],
        observed: { ...observed, num_cpu_blocks },
      }).figures?.find(({ figure }) => figure === 'cpu blocks')?.verdict;
    // 2 GiB, as the log states, are 1170; 6 GiB 3510.
    expect(of([], 1170)).toBe('inside');
    expect(of([], 3510)).toBe('another swap space');
    expect(of([], 3511)).toBe('outside');
    expect(of(['swap_space_gib'], 3510)).toBe('outside');
  });

  test('a KV cache in a format without a formula is named, not guessed', () => {
    const { notCompared, unsupported } = compareCapacity({ ...record('r066'), kv_cache_dtype: 'nvfp4' });
    expect([notCompared, unsupported]).toEqual(['a KV cache of nvfp4', 'a KV cache of nvfp4']);
  });

  test('one rank cannot be another: fewer blocks on one GPU are outside', () => {
    const { observed, ...rest } = record('r103');
    const fewer = { ...observed, num_gpu_blocks: 3600, max_concurrency: undefined };
    expect(compareCapacity({ ...rest, observed: fewer }).figures?.[0].verdict).toBe('outside');
    const onTwo = { ...rest, tensor_parallel_size: 2, observed: { ...fewer, num_gpu_blocks: 7200 } };
    expect(compareCapacity(onTwo).figures?.[0].verdict).toBe('unequal ranks');
  });
});

describe('which release a record ran', () => {
  test.each([
    ['0.8.5.post1', null, [0, 8, 5]],
    ['0.11.1rc3.dev29+g3fa2c1218', null, [0, 11, 1]],
    ['0.1.dev16040+g93ea1fcd5.d20260508', null, [0, 21, 0]],
    ['0.1.dev9950+g0', null, [0, 11, 0]],
    ['0.1.dev100+g0', null, [0, 9, 0]],
    [null, '2025-07-22', [0, 9, 1]],
    [null, '2025-11-03', [0, 11, 0]],
    [null, '2024-12-13', [0, 6, 4]],
    [null, '2025-03-15', [0, 7, 0]],
    [null, '2023-12-12', [0, 5, 0]],
    [null, '07-03 15:42', null],
  ])('%s of %s: %j', (vllm_version, date, expected) => {
    expect(releaseOf({ ...record('r001'), vllm_version, date })).toEqual(expected);
  });

  test('rules change with releases', () => {
    const rules = (engine: 'v0' | 'v1', vllm_version: string) =>
      recordRules({ ...record('r001'), engine, vllm_version });
    expect(rules('v1', '0.20.0').memoryShare).toBe(0.9);
    expect(rules('v1', '0.21.0').memoryShare).toBe(0.92);
    expect(rules('v0', '0.6.3').countsContext).toBe(false);
    expect(rules('v0', '0.6.5').countsContext).toBe(true);
    expect(rules('v1', '0.15.1').sortsLogits).toBe(true);
    expect(rules('v1', '0.16.0').sortsLogits).toBe(false);
    expect(rules('v1', '0.9.0').countsContext).toBe(true);
    expect(rules('v1', '0.9.1').countsContext).toBe(false);
    expect(rules('v1', '0.10.2').countsExchangeSetUp).toBe(true);
    expect(rules('v1', '0.11.0').countsExchangeSetUp).toBe(false);
    expect(isTooOld({ ...record('r001'), vllm_version: '0.6.1.post2' })).toBe(true);
    expect(isTooOld({ ...record('r001'), vllm_version: '0.6.3' })).toBe(false);
  });
});

test.each([
  ['NVIDIA_H100_80GB_HBM3', null, 'h100-sxm'],
  ['NVIDIA A100-SXM4-40GB          Off', null, 'a100-40g-sxm'],
  ['NVIDIA A100-PCIE-40GB', null, 'a100-40g-pcie'],
  ['NVIDIA GeForce RTX 4090', null, 'rtx4090'],
  ['RTX 4090 D', null, 'rtx4090d'],
  ['NVIDIA RTX A6000               Off', null, 'a6000'],
  ['NVIDIA L40S', null, 'l40s'],
  ['NVIDIA L40', null, 'l40'],
  ['NVIDIA H20', null, 'h20'],
  ['NVIDIA H200', null, 'h200'],
  ['NVIDIA A800-SXM4-80GB', null, 'a800-80g'],
  ['NVIDIA A30', null, 'a30'],
  ['NVIDIA RTX A5000', null, 'a5000'],
  ['NVIDIA GeForce RTX 4080 SUPER', null, 'rtx4080'],
  ['NVIDIA GeForce RTX 3060 Ti', null, undefined],
  ['NVIDIA L4', null, 'l4'],
  ['Tesla T4', null, 't4'],
  ['NVIDIA_RTX_PRO_6000_Blackwell_Server_Edition', null, 'rtxpro6000'],
  [null, 47.5, ''],
  ['AMD Instinct MI300X', 191.4, undefined],
  [null, null, undefined],
])('GPU %s of %s GiB: %s', (gpu, gpu_mem_gib, id) => {
  expect(recordGpu({ ...record('r001'), gpu, gpu_mem_gib })?.id).toBe(id);
});

test.each([
  ['{', 'is no JSON'],
  ['null', 'expected an object with id, engine and observed'],
  ['[]', 'lacks id'],
  ['{"id": "a", "engine": "v1"}', 'lacks observed'],
  ['{"id": "a", "observed": {}, "engine": "v2"}', 'expected v0 or v1'],
  [
    '{"id": "a", "observed": {}, "engine": "v1", "tensor_parallel_size": 1e12}',
    'tensor_parallel_size: is no record of a start-up: expected a whole number from 1 to 1024, or null',
  ],
])('a bad line has a place: %s', (line, message) => {
  expect(() => parseCapacityRecords(`\n${line}`, 'x.jsonl')).toThrowError(message);
  try {
    parseCapacityRecords(`\n${line}`, 'x.jsonl');
  } catch (error) {
    expect((error as { problems: { place: object }[] }).problems[0].place).toEqual({ line: 2, column: 1 });
  }
});

test.each([
  ['Qwen/Qwen3-8B-AWQ', 'awq', 0.5],
  ['org/Qwen3-8B-AWQ-INT4', 'compressed-tensors', 0.5],
  ['org/Qwen3-8B-NVFP4', 'compressed-tensors', 0.5],
  ['org/Qwen3-8B-W4A16', 'compressed-tensors', 0.5],
  ['org/Qwen3-8B-FP8-Block', 'compressed-tensors', 1],
  ['org/Qwen3-8B-w8a8', 'compressed-tensors', 1],
  ['Qwen/Qwen3-8B', null, 2],
])('%s in %s: about %d bytes a weight', (model, quantization, bytes) => {
  const one = { ...record('r053'), model, quantization };
  const format = recordFormat(one, recordModel({ ...one, arch: null })!);
  expect(format?.bytes).toBeGreaterThanOrEqual(bytes);
  expect(format?.bytes).toBeLessThan(1.13 * bytes);
});
