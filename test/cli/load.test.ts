import { expect, test } from 'vitest';
import { isCommand } from '../../cli/load.ts';

/* The two with many assignments once took time that doubled with each of them. */

test.each([
  ['vllm serve org/model', true],
  ['A=b OPTS=--x=1 vllm serve org/model', true],
  [`${'A=b=c '.repeat(100)}vllm serve org/model`, true],
  [`${'A=b=c '.repeat(100)}make`, false],
  ['vllm.pool.yaml', false],
])('%s: a command line: %s', (input, expected) => {
  expect(isCommand(input)).toBe(expected);
});
