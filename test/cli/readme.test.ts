import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poolscope, ROOT } from './cli.ts';

test('what the README shows of the first run is what it prints', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, shown] = /```\n(hello {2}vLLM[\s\S]*?)```/.exec(readme) ?? [];
  const lines = shown.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(5);
  const { stdout } = poolscope('run', 'scenarios/hello.pool.yaml');
  const printed = stdout.split('\n');
  for (const line of lines) if (line.trim() !== '…') expect(printed).toContain(line);
});
