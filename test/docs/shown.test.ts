import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shellWords } from '../../sim/scenario/shell-words.ts';
import { poolscopeHere } from '../cli/in-process.ts';

/* What README and docs show of a command's output is what it prints; `…` stands for what they leave out. */

const ROOT = join(import.meta.dirname, '../..');
const pageText = (page: string) => readFileSync(join(ROOT, page), 'utf8');

const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const inDocs = docs.flatMap((name) =>
  [...pageText(`docs/${name}`).matchAll(/^```\n\$ poolscope (.*)\n([\s\S]*?)^```/gm)].map(
    ([, command, output]) => ({ page: name, command, output }),
  ),
);
const [, firstRun = ''] = /^```\n(hello {2}vLLM[\s\S]*?)^```/m.exec(pageText('README.md')) ?? [];
const shown = [
  { page: 'README.md', command: 'run scenarios/hello.pool.yaml', output: firstRun },
  ...inDocs.filter(({ output }) => output !== ''),
];

/** Without line breaks, which depend on the width of the terminal. */
const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

test('there is something to check', () => {
  expect(firstRun.length).toBeGreaterThan(300);
  expect(inDocs.length).toBeGreaterThan(4);
});

test.each(shown)('$page: $command', async ({ command, output }) => {
  const { stdout } = await poolscopeHere(ROOT, shellWords(command));
  let rest = inOneLine(stdout);
  for (const part of output.split('…').map(inOneLine)) {
    expect(rest).toContain(part);
    rest = rest.slice(rest.indexOf(part) + part.length);
  }
});
