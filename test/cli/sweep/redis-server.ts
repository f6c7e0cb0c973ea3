import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { scratchFolder } from '../cli.ts';

/* Servers and other processes of tests with a queue. */

/** Where processes are started, and what they write is. */
export const { folder, file } = scratchFolder();

const started: ChildProcess[] = [];

/** Ends all that start() started, without a word to them. */
export function stopStarted(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}

export function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** With an append-only file, as a queue that must survive has it. */
export async function startRedis(port: number): Promise<ChildProcess> {
  const child = start('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--appendonly', 'yes', '--appenddirname', `aof-${port}`],
  ]);
  await told(child.stdout!, 'Ready to accept connections');
  child.stdout!.resume();
  return child;
}

async function told(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let seen = '';
  while (!seen.includes(text)) {
    const [data] = await once(stream, 'data');
    seen += data;
  }
}
