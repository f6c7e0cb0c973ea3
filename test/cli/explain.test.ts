import { expect, test } from 'vitest';
import { poolscope } from './cli.ts';

const explain = (...args: string[]) => poolscope('explain', 'scenarios/hello.pool.yaml', ...args);

test('a step in words, each with the vLLM function that it mirrors', () => {
  const { status, stdout } = explain('--step', '93');
  expect(status).toBe(0);
  expect(stdout).toContain(
    'r18 is admitted from the head of the queue: 64 tokens came from the prefix cache',
  );
  expect(stdout).toContain('KVCacheManager.get_computed_blocks');
});

test('only what concerns a request or a block', () => {
  expect(explain('--step', '93', '--request', 'r19').stdout.trim().split('\n')).toHaveLength(3);
  expect(explain('--step', '93', '--block', '1').stdout).toContain('nothing of it in this step');
  const { reasons } = JSON.parse(explain('--step', '93', '--request', 'r19', '--json').stdout);
  expect(reasons[0]).toMatchObject({ requests: ['r19'], rule: 'KVCacheManager.allocate_slots' });
});

test.each([
  [['--step', '900'], '--step: expected a step from 0 to 180, got 900'],
  [['--step', '9', '--request', 'r99'], '--request: there is no request "r99"'],
  [['--step', '9', '--block', '64'], '--block: expected a block from 0 to 63, got 64'],
])('%j is bad input', (args, message) => {
  const { status, stderr } = explain(...args);
  expect(stderr.trim()).toBe(message);
  expect(status).toBe(2);
});
