import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { decodeRecording } from '../../sim/recording/codec.ts';

const BIN = new URL('../../dist/cli/poolscope.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'poolscope-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function importEvents(text: string) {
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, text);
  return spawnSync(process.execPath, [BIN, 'import', file, '--record', join(folder, 'out.poolrec')], {
    encoding: 'utf8',
  });
}

test('a dump of KV events becomes a recording', () => {
  const { status, stdout } = importEvents(
    '{"type": "BlockStored", "block_hashes": ["a", "b"], "block_size": 16}\n',
  );
  expect(status).toBe(0);
  expect(stdout).toContain('1 steps, at most 2 blocks cached at once');
  expect(decodeRecording(readFileSync(join(folder, 'out.poolrec'))).numSteps).toBe(1);
});

test('a bad dump is one line, exit 2', () => {
  const { status, stderr } = importEvents('{"type": "Stored"}\n');
  expect(stderr).toContain('events.jsonl:1:1: type: expected BlockStored');
  expect(status).toBe(2);
});
