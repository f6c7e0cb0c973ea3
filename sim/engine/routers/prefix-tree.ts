import { invariant } from '../../error.ts';
import type { Workload } from '../../workload/workload.ts';

/** A stretch of tokens behind another, and the engines that were sent it. */
interface Node {
  segment: number;
  offset: number;
  length: number;
  /** First token → what follows. */
  children: Map<string, Node> | null;
  /** The engine that was sent it last. */
  latest: number;
  readonly engines: Set<number>;
}

/** The longest prefix of a prompt that an engine has been sent before. */
export interface PrefixMatch {
  readonly tokens: number;
  /** The engine that was sent it last; -1 if the match is empty. */
  readonly engine: number;
}

/**
 * A radix tree of all prompts that were routed, shared by all engines (SGLang router's `Tree`). A prompt is a list of
 * runs (segment, offset, length), so that equal tokens are equal numbers: no text is compared. Nothing is evicted.
 */
export class PrefixTree {
  /** Engine → tokens that it was sent, each once. */
  readonly numTokens: number[];
  private readonly workload: Workload;
  private readonly root: Node;

  constructor(workload: Workload, numEngines: number) {
    this.workload = workload;
    this.numTokens = Array.from({ length: numEngines }, () => 0);
    this.root = newNode(0, 0, 0);
  }

  match(request: number): PrefixMatch {
    const { runStart, runSegment, runOffset, runLength } = this.workload;
    let node = this.root;
    let inNode = 0;
    let tokens = 0;
    let engine = -1;
    for (let run = runStart[request]; run < runStart[request + 1]; run++) {
      for (let at = 0; at < runLength[run]; ) {
        const segment = runSegment[run];
        const offset = runOffset[run] + at;
        if (inNode === node.length) {
          const child = node.children?.get(keyOf(segment, offset));
          if (child === undefined) return { tokens, engine };
          node = child;
          inNode = 0;
          engine = child.latest;
        }
        if (node.segment !== segment || node.offset + inNode !== offset) return { tokens, engine };
        const common = Math.min(runLength[run] - at, node.length - inNode);
        at += common;
        inNode += common;
        tokens += common;
      }
    }
    return { tokens, engine };
  }

  /** A prompt goes to an engine. */
  insert(request: number, engine: number): void {
    const { runStart, runSegment, runOffset, runLength } = this.workload;
    let node = this.root;
    for (let run = runStart[request]; run < runStart[request + 1]; run++) {
      for (let at = 0; at < runLength[run]; ) {
        const offset = runOffset[run] + at;
        const left = runLength[run] - at;
        node = this.childOf(node, runSegment[run], offset, left);
        if (node.length > left) this.split(node, left);
        if (!node.engines.has(engine)) {
          node.engines.add(engine);
          this.numTokens[engine] += node.length;
        }
        node.latest = engine;
        at += node.length;
      }
    }
  }

  private childOf(node: Node, segment: number, offset: number, length: number): Node {
    const key = keyOf(segment, offset);
    const child = node.children?.get(key);
    if (child !== undefined) return child;
    const added = newNode(segment, offset, length);
    node.children ??= new Map();
    node.children.set(key, added);
    return added;
  }

  /** Cuts a node behind its first `length` tokens; the rest becomes its only child. */
  private split(node: Node, length: number): void {
    invariant(length > 0 && length < node.length, 'a cut inside the node');
    const rest = newNode(node.segment, node.offset + length, node.length - length);
    rest.children = node.children;
    rest.latest = node.latest;
    for (const engine of node.engines) rest.engines.add(engine);
    node.length = length;
    node.children = new Map([[keyOf(rest.segment, rest.offset), rest]]);
  }
}

function newNode(segment: number, offset: number, length: number): Node {
  return { segment, offset, length, children: null, latest: -1, engines: new Set() };
}

function keyOf(segment: number, offset: number): string {
  return `${segment}:${offset}`;
}
