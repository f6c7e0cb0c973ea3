import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeRecording } from '../../sim/recording/codec.ts';
import { poolscope, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();

const importEvents = (text: string) =>
  poolscope('import', file('events.jsonl', text), '--record', join(folder, 'out.poolrec'));

test('a dump of KV events becomes a recording', () => {
  const { status, stdout } = importEvents(
    '{"type": "BlockStored", "block_hashes": ["a", "b"], "block_size": 16}\n',
  );
  expect(status).toBe(0);
  expect(stdout).toContain('1 step, at most 2 blocks cached at once');
  expect(decodeRecording(readFileSync(join(folder, 'out.poolrec'))).numSteps).toBe(1);
});

test('a bad dump is one line, exit 2', () => {
  const { status, stderr } = importEvents('{"type": "Stored"}\n');
  expect(stderr).toContain('events.jsonl:1:1: type: expected BlockStored');
  expect(status).toBe(2);
});
