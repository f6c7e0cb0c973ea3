import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { BlockPool } from '../../../sim/pool/block-pool.ts';
import { FreeList } from '../../../sim/pool/contiguous/free-list.ts';
import { NaiveAllocator } from '../../../sim/pool/v0/naive-allocator.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { scratchFolder } from '../../cli/cli.ts';
import { poolscopeHere } from '../../cli/in-process.ts';
import { randomPipelineRun, randomRun } from '../random-run.ts';

/* `invariants: strict`: silent on every pool that is whole, and not on one that is broken. */

const { folder, file } = scratchFolder();
/** Pressed, so that requests share, are preempted, and blocks are used again. */
const PRESSED = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 512 --num-gpu-blocks-override 70
hardware: {gpu: l4}
workload: {num-prompts: 30, random-prefix-len: 64, random-input-len: 100, random-output-len: 120}
invariants: strict
`;
const SCENARIOS = {
  V1: PRESSED,
  'V0, swapping': PRESSED.replace('--max-model', '--preemption-mode swap --max-model')
    .replace('version: 1', 'version: 1\nvllm: "0.6.3"')
    .replace('len: 120}', 'len: 120, n: 2}'),
  'V0, caching': PRESSED.replace('--max-model', '--enable-prefix-caching --max-model').replace(
    'version: 1',
    'version: 1\nvllm: "0.6.3"',
  ),
  'first fit': PRESSED.replace('version: 1', 'version: 1\nsystem: {policy: pow2, placement: first-fit}'),
  buddy: PRESSED.replace('version: 1', 'version: 1\nsystem: {policy: oracle, placement: buddy}'),
};
const run = (text: string) => simulateScenario(parseScenario(text, 's.pool.yaml')).recording;

afterEach(() => vi.restoreAllMocks());

test('every random run passes, and decides what it would have', () => {
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: randomRun }, randomPipelineRun), (input) => {
      expect(digestOf(simulate({ ...input, strict: true }))).toBe(digestOf(simulate(input)));
    }),
    { numRuns: 200, seed: 3 },
  );
});

test.each(Object.entries(SCENARIOS))('%s passes, and decides what it would have', (_, text) => {
  const strict = run(text);
  const plain = run(text.replace('invariants: strict\n', ''));
  expect(strict?.requests.outcome.length).toBeGreaterThan(0);
  expect(strict && digestOf(strict)).toBe(plain && digestOf(plain));
});

describe('a broken pool', () => {
  /** A method that does what it did, and then something else. */
  function broken<T extends object, K extends keyof T>(
    prototype: T,
    name: K,
    then: (self: T, ...args: never[]) => void,
  ): void {
    const method = prototype[name] as (...args: unknown[]) => unknown;
    vi.spyOn(prototype, name as never).mockImplementation(function (this: T, ...args: never[]) {
      const result = method.apply(this, args);
      then(this, ...args);
      return result;
    } as never);
  }

  test('V1: a block that nobody gets back is lost', () => {
    vi.spyOn(BlockPool.prototype, 'free').mockImplementation(function (this: BlockPool, block) {
      this.refCount[block]--;
    });
    expect(() => run(PRESSED)).toThrow(
      /invariant broken: block \d+ is lost: nobody owns it, and it is not free/,
    );
    expect(() => run(PRESSED.replace('strict', 'off'))).not.toThrow(/is lost/);
  });

  test('V1: a block that is given to two requests', () => {
    let first = -1;
    const allocate = BlockPool.prototype.allocate;
    vi.spyOn(BlockPool.prototype, 'allocate').mockImplementation(function (this: BlockPool) {
      const block = allocate.call(this);
      if (first < 0) first = block;
      return block === first + 20 ? first : block;
    });
    expect(() => run(PRESSED)).toThrow(
      /invariant broken: block \d+ (is owned twice|has \d+ owners|is in the tables)/,
    );
  });

  test('V1: a reference count that is no count of owners', () => {
    broken(BlockPool.prototype, 'touch', ({ refCount }, block: never) => refCount[block]++);
    expect(() => run(PRESSED)).toThrow(
      /invariant broken: block \d+ has \d+ owners?, but a reference count of \d+/,
    );
  });

  test('V0: a block that nobody gets back', () => {
    vi.spyOn(NaiveAllocator.prototype, 'release').mockImplementation(function (this: NaiveAllocator, block) {
      this.refCount[block]--;
    });
    expect(() => run(SCENARIOS['V0, swapping'])).toThrow(
      /invariant broken: nobody owns \d+ [GC]PU blocks, but \d+ are free/,
    );
  });

  test('before paging: a region that nobody gets back', () => {
    vi.spyOn(FreeList.prototype, 'release').mockImplementation(() => {});
    expect(() => run(SCENARIOS['first fit'])).toThrow(/invariant broken: slot \d+ is lost, between/);
  });

  test('poolscope run: exit code 3, with the file; the other files run', async () => {
    broken(BlockPool.prototype, 'touch', ({ refCount }, block: never) => refCount[block]++);
    const paths = [
      file('a.pool.yaml', PRESSED),
      file('b.pool.yaml', PRESSED.replace('--max', '--no-enable-prefix-caching --max')),
    ];
    const { status, stdout, stderr } = await poolscopeHere(folder, ['run', ...paths, '--json']);
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /a\.pool\.yaml: a fault in Poolscope: invariant broken: block \d+ has .*; please report it with this file\n/,
    );
    const { results, problems } = JSON.parse(stdout);
    expect(results).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });
});
