import type { PrefixIndex } from '../pool/prefix-index.ts';
import type { KvCacheGroup } from '../scheduler/config.ts';
import { NS_PER_S } from '../units.ts';
import type { EventSink } from './event-sink.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK } from './events.ts';

const MEDIUM = 'GPU';

/** A KVEventBatch as vLLM publishes it, with its field names (`distributed/kv_events.py`). */
export interface KvEventBatch {
  /** Seconds of simulated time. */
  readonly ts: number;
  readonly events: readonly (BlockStored | BlockRemoved | { readonly type: 'AllBlocksCleared' })[];
}

interface BlockStored {
  readonly type: 'BlockStored';
  readonly block_hashes: string[];
  readonly parent_block_hash: string | null;
  readonly token_ids: number[];
  readonly block_size: number;
  readonly lora_id: null;
  readonly medium: string;
  readonly lora_name: null;
  readonly group_idx: number;
}

interface BlockRemoved {
  readonly type: 'BlockRemoved';
  readonly block_hashes: readonly string[];
  readonly medium: string;
  readonly group_idx: number;
}

/**
 * Turns what the pool reports into vLLM's KV cache events: a batch per step in which there are any. Hashes are
 * 64-bit digests of the content from token 0 on, as 16 hex digits, and token ids stand for (segment, position):
 * equal where contents are equal, but not the numbers that a tokenizer and sha256 would give.
 */
export class KvEventLog implements EventSink {
  private readonly index: PrefixIndex;
  private readonly groups: readonly KvCacheGroup[];
  private readonly next: EventSink | null;
  private readonly publish: (batch: KvEventBatch) => void;
  /** chain → hash of all content up to its end. */
  private readonly hashOf: string[] = [];
  /** block → hash that it was stored under; its chain is gone when the eviction is reported. */
  private readonly storedAs = new Map<number, string>();
  private events: KvEventBatch['events'][number][] = [];
  private open: { readonly request: number; readonly group: number; readonly stored: BlockStored } | null =
    null;

  constructor(
    index: PrefixIndex,
    groups: readonly KvCacheGroup[],
    next: EventSink | null,
    publish: (batch: KvEventBatch) => void,
  ) {
    this.index = index;
    this.groups = groups;
    this.next = next;
    this.publish = publish;
    index.onNewChain = (chain, parent, segment, offset, size) => {
      const before = parent === 0 ? '' : this.hashOf[parent];
      this.hashOf[chain] = hash64(`${before}/${segment}:${offset}+${size}`);
    };
  }

  event(kind: number, a: number, b: number, c: number): void {
    this.next?.event(kind, a, b, c);
    switch (kind & KIND_MASK) {
      case EventKind.Cache:
        this.store(a, kind >> DETAIL_SHIFT, b, c);
        return;
      case EventKind.Allocate:
        if (c !== 0) this.remove(b, this.index.groupOf[b]);
        break;
      case EventKind.ResetCache:
        if (a === 1) this.events.push({ type: 'AllBlocksCleared' });
        break;
    }
    this.open = null;
  }

  /** The engine publishes what has happened once a step's outputs are applied. */
  endStep(ns: number): void {
    this.open = null;
    if (this.events.length === 0) return;
    this.publish({ ts: ns / NS_PER_S, events: this.events });
    this.events = [];
  }

  /** Blocks that one call enters for one request make one event, as in `cache_full_blocks`. */
  private store(request: number, group: number, block: number, chain: number): void {
    const { blockSize } = this.groups[group];
    const hash = this.hashOf[chain];
    this.storedAs.set(block, hash);
    let { open } = this;
    if (open?.request !== request || open.group !== group) {
      const parent = this.index.before(chain, blockSize);
      const stored: BlockStored = {
        type: 'BlockStored',
        block_hashes: [],
        parent_block_hash: parent === 0 ? null : this.hashOf[parent],
        token_ids: [],
        block_size: blockSize,
        lora_id: null,
        medium: MEDIUM,
        lora_name: null,
        group_idx: group,
      };
      open = { request, group, stored };
      this.open = open;
      this.events.push(stored);
    }
    open.stored.block_hashes.push(hash);
    this.index.forEachToken(chain, blockSize, (segment, position) =>
      open.stored.token_ids.push(tokenId(segment, position)),
    );
  }

  private remove(block: number, group: number): void {
    const hash = this.storedAs.get(block);
    if (hash === undefined) return;
    this.storedAs.delete(block);
    this.events.push({ type: 'BlockRemoved', block_hashes: [hash], medium: MEDIUM, group_idx: group });
  }
}

/** A number below 2³¹ that stands for the token; equal pairs give equal numbers. */
function tokenId(segment: number, position: number): number {
  return (Math.imul(segment, 0x9e3779b1) ^ Math.imul(position + 1, 0x85ebca6b)) >>> 1;
}

/** Two FNV-like lanes over a text's characters, as 16 hex digits. */
function hash64(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ low ^ (low >>> 13), 0x85ebca6b);
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}
