import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** A real YAML language server over stdio, as an editor drives it. */
export class LanguageServer {
  private readonly server: ChildProcess;
  private readonly answers = new Map<number, (result: never) => void>();
  private readonly diagnostics = new Map<string, (problems: readonly Diagnostic[]) => void>();
  private buffer = Buffer.alloc(0);
  private lastId = 0;

  constructor() {
    const bin = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server');
    this.server = spawn(process.execPath, [bin, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.server.stdout!.on('data', (data: Buffer) => this.read(data));
  }

  async start(): Promise<void> {
    await this.ask('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        textDocument: { completion: { completionItem: { documentationFormat: ['markdown'] } }, hover: {} },
      },
    });
    this.tell('initialized', {});
    const settings = {
      yaml: { validate: true, completion: true, hover: true, schemaStore: { enable: false } },
    };
    this.tell('workspace/didChangeConfiguration', { settings });
  }

  /** Opens a document; what the server finds wrong with it. */
  open(uri: string, text: string): Promise<readonly Diagnostic[]> {
    return new Promise((done) => {
      this.diagnostics.set(uri, done);
      this.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    });
  }

  /** @param at line and character, from 0. */
  async complete(uri: string, at: Position): Promise<readonly string[]> {
    const { items } = await this.ask<{ items: readonly { label: string }[] }>('textDocument/completion', {
      textDocument: { uri },
      position: at,
    });
    return items.map(({ label }) => label);
  }

  async hover(uri: string, at: Position): Promise<string> {
    const answer = await this.ask<{ contents: { value: string } } | null>('textDocument/hover', {
      textDocument: { uri },
      position: at,
    });
    return answer?.contents.value ?? '';
  }

  stop(): void {
    this.server.kill();
  }

  private ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.lastId;
    return new Promise((done) => {
      this.answers.set(id, done);
      this.send({ id, method, params });
    });
  }

  private tell(method: string, params: object): void {
    this.send({ method, params });
  }

  private send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.server.stdin!.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  private read(data: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const end = this.buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.buffer.toString('utf8', 0, end))?.[1]);
      if (this.buffer.length < end + 4 + length) return;
      const body = this.buffer.toString('utf8', end + 4, end + 4 + length);
      this.buffer = this.buffer.subarray(end + 4 + length);
      this.heard(JSON.parse(body));
    }
  }

  private heard(message: Message): void {
    const { id, method, params, result } = message;
    if (method === 'textDocument/publishDiagnostics') {
      this.diagnostics.get(params!.uri)?.(params!.diagnostics);
    } else if (method !== undefined && id !== undefined) {
      // Of an editor that has no settings and takes every registration.
      this.send({ id, result: method === 'workspace/configuration' ? params!.items.map(() => null) : null });
    } else if (id !== undefined) this.answers.get(id)?.(result as never);
  }
}

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Diagnostic {
  readonly message: string;
  readonly range: { readonly start: Position };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly uri: string;
    readonly diagnostics: readonly Diagnostic[];
    readonly items: readonly unknown[];
  };
  readonly result?: unknown;
}
