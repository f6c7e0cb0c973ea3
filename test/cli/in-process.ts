import { vi } from 'vitest';

// Before the command line is loaded, which looks for colours then.
process.env.NO_COLOR = '1';
const { poolscope } = await import('../../cli/poolscope.ts');

/**
 * `poolscope ARGS` in a folder, as poolscopeIn() of cli.ts, but in this process: starting one takes longer than most
 * commands do. For tests of what commands say; files run without a thread of their own.
 */
export async function poolscopeHere(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const into =
    (stream: keyof typeof written, end: string) =>
    (text: unknown): true => {
      written[stream] += `${text}${end}`;
      return true;
    };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(into('stdout', '\n')),
    vi.spyOn(console, 'error').mockImplementation(into('stderr', '\n')),
    vi.spyOn(process.stdout, 'write').mockImplementation(into('stdout', '')),
    vi.spyOn(process.stderr, 'write').mockImplementation(into('stderr', '')),
  ];
  for (const [name, value] of Object.entries({ GITHUB_STEP_SUMMARY: '', ...env })) vi.stubEnv(name, value);
  const before = { folder: process.cwd(), code: process.exitCode };
  process.chdir(cwd);
  process.exitCode = undefined;
  try {
    await poolscope(args);
    return { status: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.exitCode = before.code;
    process.chdir(before.folder);
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
