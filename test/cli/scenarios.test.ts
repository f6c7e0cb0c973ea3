import { expect, test } from 'vitest';
import { poolscope } from './cli.ts';

interface Result {
  readonly file: string;
  readonly passed: boolean;
  readonly failures: readonly string[];
  readonly summary: { readonly slots: { readonly tokens: number; readonly internal: number } | null } | null;
}

function run(...args: string[]): { status: number | null; results: Result[] } {
  const { status, stdout, stderr } = poolscope('run', ...args, '--json');
  expect(stderr).toBe('');
  return { status, results: JSON.parse(stdout).results };
}

test('the paper’s Figure 2: tokens take more of the memory from static batches over Orca to paging', () => {
  const { results } = run('scenarios/paper');
  const tokens = (name: string) =>
    results.find(({ file }) => file.endsWith(`figure-2-${name}.pool.yaml`))?.summary?.slots?.tokens ??
    Number.NaN;
  const shares = ['static-batches', 'orca-max', 'orca-pow2', 'orca-oracle', 'vllm'].map(tokens);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.every((share) => share > 0 && share < 1)).toBe(true);
});
