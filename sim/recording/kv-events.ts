import { InputError } from '../error.ts';
import { isObject } from '../plain-values.ts';
import { IndexList } from '../pool/index-list.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { makeColumns } from './column.ts';
import { EventKind } from './events.ts';
import { emptyRow, Recorder } from './recorder.ts';
import type { Recording } from './recording.ts';
import { REQUEST_COLUMNS } from './tables.ts';

/** Who holds a block is not in the events: one holder stands for all. */
const SOMEBODY = 0;

interface Batch {
  readonly ns: number;
  readonly events: readonly KvEvent[];
}

type KvEvent =
  | { readonly type: 'BlockStored'; readonly hashes: readonly string[]; readonly blockSize: number }
  | { readonly type: 'BlockRemoved'; readonly hashes: readonly string[] }
  | { readonly type: 'AllBlocksCleared' };

/**
 * Reads a dump of vLLM's KV cache events (`distributed/kv_events.py`), one JSON batch or event a line, into a
 * recording: a step per line, in which blocks enter and leave the prefix cache. Physical ids, holders and the
 * order of eviction are not in the events: stored blocks appear as cached and free, on ids given in turn.
 * @throws InputError with file and line.
 */
export function recordingOfKvEvents(text: string, file: string): Recording {
  const batches = readBatches(text, file);
  const { most, blockSize } = measure(batches);
  const numBlocks = most + 1;
  const recorder = new Recorder(1);
  const queue = new IndexList(numBlocks);
  for (let block = 1; block < numBlocks; block++) queue.pushBack(block);
  const unused = Array.from({ length: most }, (_, i) => most - i);
  /** hash → blocks that hold it: vLLM stores duplicates, and tells of each. */
  const blocksOf = new Map<string, number[]>();
  let numStored = 0;
  const chainOf = new Map<string, number>();

  const store = (hash: string) => {
    const block = unused.pop()!;
    let chain = chainOf.get(hash);
    if (chain === undefined) {
      chain = chainOf.size + 1;
      chainOf.set(hash, chain);
    }
    recorder.event(EventKind.Hit, SOMEBODY, block, queue.prev[block] + 1);
    queue.remove(block);
    recorder.event(EventKind.Cache, SOMEBODY, block, chain);
    recorder.event(EventKind.Free, SOMEBODY, block, 0);
    queue.pushBack(block);
    numStored++;
    const same = blocksOf.get(hash);
    if (same) same.push(block);
    else blocksOf.set(hash, [block]);
  };
  const remove = (hash: string) => {
    const same = blocksOf.get(hash);
    if (same === undefined) return;
    const block = same.shift()!;
    if (same.length === 0) blocksOf.delete(hash);
    recorder.event(EventKind.Evict, SOMEBODY, block, chainOf.get(hash)!);
    numStored--;
    unused.push(block);
  };

  const firstNs = batches[0].ns;
  batches.forEach(({ ns, events }, i) => {
    for (const event of events) {
      if (event.type === 'BlockStored') event.hashes.forEach(store);
      else if (event.type === 'BlockRemoved') event.hashes.forEach(remove);
      else for (const [hash, same] of [...blocksOf]) for (const _ of [...same]) remove(hash);
    }
    recorder.step({
      ...emptyRow(),
      startNs: ns - firstNs,
      endNs: Math.max(ns, batches[i + 1]?.ns ?? ns) - firstNs,
      scheduleEnd: recorder.numEvents,
      numFreeBlocks: most,
      numCachedFreeBlocks: numStored,
    });
  });
  const requests = makeColumns(REQUEST_COLUMNS, 1);
  return recorder.finish(
    {
      name: `KV events of ${file}`,
      seed: 0,
      vllm: 'imported',
      pool: {
        numGpuBlocks: numBlocks,
        enablePrefixCaching: true,
        hashBlockSize: blockSize,
        groups: [{ kind: 'full', blockSize, window: 0 }],
      },
      scheduler: {
        maxNumSeqs: 0,
        maxNumBatchedTokens: 0,
        maxNumScheduledTokens: null,
        maxModelLen: 0,
        enableChunkedPrefill: true,
        longPrefillTokenThreshold: 0,
        schedulerReserveFullIsl: true,
        policy: 'fcfs',
        asyncScheduling: false,
        numSpeculativeTokens: 0,
        numLookaheadTokens: 0,
        useEagle: false,
      },
      end: 'drained',
      about: { note: 'imported KV events: holders and physical ids are not in them' },
      prefixCacheQueries: 0,
      prefixCacheHits: 0,
    },
    ['unknown'],
    requests,
  );
}

/** Most blocks stored at once, and the block size that the events state. */
function measure(batches: readonly Batch[]): { most: number; blockSize: number } {
  const stored = new Map<string, number>();
  let numStored = 0;
  let most = 1;
  let blockSize = 16;
  for (const { events } of batches) {
    for (const event of events) {
      if (event.type === 'BlockStored') {
        for (const hash of event.hashes) stored.set(hash, (stored.get(hash) ?? 0) + 1);
        numStored += event.hashes.length;
        blockSize = event.blockSize;
      } else if (event.type === 'BlockRemoved') {
        for (const hash of event.hashes) {
          const count = stored.get(hash);
          if (count === undefined) continue;
          if (count === 1) stored.delete(hash);
          else stored.set(hash, count - 1);
          numStored--;
        }
      } else {
        stored.clear();
        numStored = 0;
      }
      most = Math.max(most, numStored);
    }
  }
  return { most, blockSize };
}

function readBatches(text: string, file: string): Batch[] {
  const batches: Batch[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const fail = (message: string, field?: string): never => {
      throw new InputError([{ file, place: { line: i + 1, column: 1 }, field, message }]);
    };
    batches.push(readBatch(line, batches[batches.length - 1]?.ns ?? 0, fail));
  }
  if (batches.length === 0) throw new InputError([{ file, message: 'holds no events' }]);
  return batches;
}

type Fail = (message: string, field?: string) => never;

/** A batch, or a bare event; without a time it follows the one before by a millisecond. */
function readBatch(line: string, beforeNs: number, fail: Fail): Batch {
  let value: unknown;
  try {
    // 64-bit hashes do not fit into a double: they are kept as texts.
    value = JSON.parse(line.replace(/(?<=[[,:\s])-?\d{16,}(?=[\],}\s])/g, '"$&"'));
  } catch {
    return fail('expected one JSON object a line: is the file cut off?');
  }
  if (!isObject(value)) return fail('expected a JSON object');
  const { ts = null, events = [value] } = value;
  if (ts !== null && (typeof ts !== 'number' || !Number.isFinite(ts))) return fail('expected seconds', 'ts');
  if (!Array.isArray(events)) return fail('expected a list', 'events');
  const ns = ts === null ? beforeNs + NS_PER_MS : Math.round(ts * NS_PER_S);
  return { ns: Math.max(beforeNs, ns), events: events.map((event) => readEvent(event, fail)) };
}

function readEvent(value: unknown, fail: Fail): KvEvent {
  const event = isObject(value) ? value : {};
  const { type } = event;
  if (type === 'AllBlocksCleared') return { type };
  if (type !== 'BlockStored' && type !== 'BlockRemoved') {
    return fail('expected BlockStored, BlockRemoved or AllBlocksCleared', 'type');
  }
  const hashes = event.block_hashes;
  if (!Array.isArray(hashes) || !hashes.every((hash) => ['string', 'number'].includes(typeof hash))) {
    return fail('expected a list of hashes', 'block_hashes');
  }
  const named = hashes.map(String);
  if (type === 'BlockRemoved') return { type, hashes: named };
  const blockSize = event.block_size;
  if (typeof blockSize !== 'number' || !Number.isInteger(blockSize) || blockSize < 1) {
    return fail('expected a whole number of tokens', 'block_size');
  }
  return { type, hashes: named, blockSize };
}
