import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, scratchFolder } from './cli.ts';

/* Ctrl-C in `run`, as a real process gets it. */

const { folder, file } = scratchFolder();
const scenario = (name: string, numPrompts: number) => `version: 1
name: ${name}
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048
hardware: {gpu: rtx4090}
workload: {num-prompts: ${numPrompts}, request-rate: 5, random-input-len: 100, random-output-len: 10}
`;
file('quick.pool.yaml', scenario('quick', 5));
/** Many minutes, of which the first are spent on its requests. */
file('stuck-early.pool.yaml', scenario('stuck-early', 9_000_000));
/** And many seconds of simulation. */
file('stuck-late.pool.yaml', scenario('stuck-late', 300_000));

const REPORTS = ['json', 'junit', 'html', 'markdown', 'github'];

test.each(['stuck-early', 'stuck-late'])(
  'a run in the midst of %s: what is finished is reported, exit 130',
  async (name) => {
    const reporters = REPORTS.flatMap((each) => ['--reporter', `${each}=${name}.${each}`]);
    const args = ['run', 'quick.pool.yaml', `${name}.pool.yaml`, '--reporter', 'default', ...reporters];
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
    });
    const written = { stdout: '', stderr: '' };
    child.stderr.on('data', (text) => {
      written.stderr += text;
    });
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text) => {
        written.stdout += text;
        // The report of the first, and the second is under way.
        if (written.stdout.includes('tokens/s')) setTimeout(resolve, 300);
      });
    });
    child.kill('SIGINT');
    const start = performance.now();
    const [code, signal] = await once(child, 'close');
    expect({ code, signal }).toEqual({ code: 130, signal: null });
    // A second, but for what other tests on this machine do meanwhile.
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(written.stderr).toBe('interrupted: 1 of 2 finished\n');
    expect(written.stdout).not.toContain(name);
    const [json, ...others] = REPORTS.map((each) => readFileSync(join(folder, `${name}.${each}`), 'utf8'));
    expect(others.filter((text) => text.includes('quick'))).toHaveLength(3);
    expect(others.filter((text) => text.includes(name))).toEqual([]);
    const { results, exitCode } = JSON.parse(json);
    expect(results.map((result: { name: string }) => result.name)).toEqual(['quick']);
    expect(exitCode).toBe(130);
  },
);
