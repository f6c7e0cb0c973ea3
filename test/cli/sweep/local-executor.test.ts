import { afterEach, expect, test } from 'vitest';
import { LocalExecutor } from '../../../cli/sweep/local-executor.ts';

const { execPath } = process;
afterEach(() => {
  process.execPath = execPath;
});

test('processes that cannot be started are a fault of the point, not the end of all points', async () => {
  process.execPath = '/nowhere/node';
  const bundle = { file: 'a.pool.yaml', text: '', files: {}, sweep: { numRuns: null, trends: [] } };
  const executor = new LocalExecutor(bundle, 1, undefined);
  const outcome = await executor.run([]);
  await executor.close();
  expect(outcome).toMatchObject({ kind: 'fault', message: expect.stringContaining('ENOENT') });
});
