import { expect, test } from 'vitest';
import { plan } from '../../../sim/memory/planner.ts';
import { failedExpectations } from '../../../sim/report/expectations.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

const STARTS = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --num-gpu-blocks-override 1000';
const FAILS = `${STARTS} --max-num-seqs 0`;

/** 4 GiB of swap space are 2,048 blocks of 2 MiB. */
test.each([
  [STARTS, {}, []],
  [STARTS, { starts: true, 'gpu-blocks': 1000, 'cpu-blocks': 2048 }, []],
  [STARTS, { starts: true, 'gpu-blocks': [900, 1100] }, []],
  [STARTS, { starts: true, 'gpu-blocks': [1, 999] }, ['expected 1 to 999 GPU blocks, got 1000']],
  [STARTS, { starts: true, 'cpu-blocks': 1 }, ['expected 1 CPU blocks, got 2048']],
  [STARTS, { starts: false }, ['expected vLLM not to start, but it does']],
  [FAILS, {}, ['expected vLLM to start, but: invalid-argument']],
  [FAILS, { starts: false }, []],
  [FAILS, { starts: false, because: 'invalid-argument', says: 'max_num_seqs' }, []],
  [
    FAILS,
    { starts: false, because: 'host-memory' },
    ['expected the start to fail because host-memory, but: invalid-argument'],
  ],
  [
    FAILS,
    { starts: false, says: 'something else' },
    ['expected vLLM to say "something else", but: ValueError: max_num_seqs must be at least 1. Got 0.'],
  ],
])('%s: %o', (command, expected, failures) => {
  const scenario = parseScenario(
    JSON.stringify({ version: 1, vllm: '0.6.3', command, hardware: { gpu: 'a100-80g' }, expect: expected }),
    's.json',
  );
  expect(failedExpectations(scenario, plan(scenario), null)).toEqual(failures);
});
