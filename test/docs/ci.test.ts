import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BIN, ROOT, scratchFolder } from '../cli/cli.ts';

const { folder, file } = scratchFolder();
const text = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
const blocks = (part: string, language: string) =>
  [...part.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block);

test('from a compose file to a red pull request, as documented', () => {
  const [, part] = /\n## From a compose file to a red pull request\n([\s\S]*?)\n## /.exec(text) ?? [];
  const [compose] = blocks(part, 'yaml');
  file('docker-compose.yaml', compose);
  const [before, after] = blocks(part, 'sh').map((block) => block.trim().split('\n'));
  const run = (line: string) =>
    spawnSync(line.replace(/^npx poolscope/, `'${process.execPath}' '${BIN}'`), {
      shell: true,
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GITHUB_STEP_SUMMARY: '' },
    });
  for (const line of before) expect(run(line)).toMatchObject({ status: 0, stderr: '' });
  const results = after.map(run);
  expect(results.map(({ status }) => status)).toEqual([0, 1]);
  const [annotation] = blocks(part, 'text');
  expect(results[1].stdout.startsWith(annotation.replace(/ …\n$/, ''))).toBe(true);
});

test('workflows, hooks and templates are YAML that names what there is', () => {
  const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8'));
  for (const block of blocks(text, 'yaml')) {
    for (const { with: inputs = {}, uses } of parse(block).jobs?.poolscope.steps ?? []) {
      if (uses.startsWith('OWNER/'))
        expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)));
    }
  }
  const own = parse(readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8'));
  const step = own.jobs.scenarios.steps.find(({ uses }: { uses?: string }) => uses === './');
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with)));
  parse(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'));
});

test.each(['.pre-commit-hooks.yaml', 'docs/templates/gitlab-ci.yml'])(
  'the commands of %s are accepted',
  (path) => {
    const yaml = parse(readFileSync(join(ROOT, path), 'utf8'));
    const commands: string[] = Array.isArray(yaml)
      ? yaml.map(({ entry }) => entry)
      : yaml.poolscope.script.map((line: string) => line.replace(/^npx /, ''));
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const [name, ...args] = command
        .replace('$POOLSCOPE_SCENARIOS', '')
        .replace(/ --baseline "[^"]*"/, '')
        .split(' ')
        .filter((word) => word !== '');
      expect(name).toBe('poolscope');
      const { status, stderr } = spawnSync(
        process.execPath,
        [BIN, ...args, join(ROOT, 'scenarios/hello.pool.yaml')],
        { cwd: folder, encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  },
);
