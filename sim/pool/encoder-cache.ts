import { IndexList } from './index-list.ts';

/** Images and other encoder inputs in the prompts of requests; see `Workload`, whose columns these are. */
export interface EncoderItems {
  /** request → first row of its items; one entry more than requests. Items are in prompt order. */
  readonly itemStart: Int32Array;
  /** item → position of its first placeholder token in the prompt, and how many there are. */
  readonly itemOffset: Int32Array;
  readonly itemLength: Int32Array;
  /** item → what it shows, from 0 without gaps: equal numbers are equal contents. */
  readonly itemContent: Int32Array;
}

/**
 * Outputs of the multimodal encoder that are kept on the GPU, in embeddings (vLLM `EncoderCacheManager`). A
 * content that no request refers to any more stays until its room is needed; the longest unused goes first.
 */
export class EncoderCache {
  readonly size: number;
  numFreeSlots: number;
  /** Free, or taken by contents that nobody refers to. */
  numFreeableSlots: number;

  private readonly items: EncoderItems;
  /** content → 1 if its output is in the cache. */
  private readonly isCached: Uint8Array;
  /** content → requests that refer to it. */
  private readonly numReferences: Int32Array;
  /** content → embeddings that become free with it. */
  private readonly embeds: Int32Array;
  private readonly freeable: IndexList;
  /** item → the first item of its request with the same content: a request refers to a content once. */
  private readonly firstAlike: Int32Array;
  /** first alike item → 1 if its request refers to its content. */
  private readonly isReferred: Uint8Array;
  /** Told what leaves the cache. */
  private readonly evicted: (content: number, embeds: number) => void;

  constructor(items: EncoderItems, size: number, evicted: (content: number, embeds: number) => void) {
    const { itemStart, itemContent } = items;
    const numContents = itemContent.reduce((most, content) => Math.max(most, content + 1), 0);
    this.items = items;
    this.size = size;
    this.numFreeSlots = size;
    this.numFreeableSlots = size;
    this.isCached = new Uint8Array(numContents);
    this.numReferences = new Int32Array(numContents);
    this.embeds = new Int32Array(numContents);
    this.freeable = new IndexList(numContents);
    this.firstAlike = new Int32Array(itemContent.length);
    this.isReferred = new Uint8Array(itemContent.length);
    this.evicted = evicted;
    for (let request = 0; request + 1 < itemStart.length; request++) {
      for (let item = itemStart[request]; item < itemStart[request + 1]; item++) {
        let first = itemStart[request];
        while (itemContent[first] !== itemContent[item]) first++;
        this.firstAlike[item] = first;
      }
    }
  }

  /** Whether an item's output is there; if so, its request refers to it from now on. */
  checkAndUpdate(item: number): boolean {
    const content = this.items.itemContent[item];
    if (this.isCached[content] === 0) return false;
    if (this.numReferences[content] === 0) {
      this.freeable.remove(content);
      this.numFreeableSlots -= this.embeds[content];
    }
    this.refer(item, content);
    return true;
  }

  /** Whether there is room for an item beside `numScheduled` embeddings; makes it by eviction where it can. */
  canAllocate(item: number, budget: number, numScheduled: number): boolean {
    const length = this.items.itemLength[item];
    if (length > budget) return false;
    const needed = length + numScheduled;
    if (needed <= this.numFreeSlots) return true;
    if (needed > this.numFreeableSlots) return false;
    while (needed > this.numFreeSlots) {
      const content = this.freeable.first;
      this.freeable.remove(content);
      this.isCached[content] = 0;
      this.numFreeSlots += this.embeds[content];
      this.evicted(content, this.embeds[content]);
    }
    return true;
  }

  /** Takes the room for an item for which canAllocate held. */
  allocate(item: number): void {
    const content = this.items.itemContent[item];
    const length = this.items.itemLength[item];
    this.isCached[content] = 1;
    this.embeds[content] = length;
    this.refer(item, content);
    this.numFreeSlots -= length;
    this.numFreeableSlots -= length;
  }

  /** The request of an item does not need its output any more. */
  freeItem(item: number): void {
    const content = this.items.itemContent[item];
    if (this.isCached[content] === 0 || this.numReferences[content] === 0) return;
    const first = this.firstAlike[item];
    if (this.isReferred[first] === 0) return;
    this.isReferred[first] = 0;
    if (--this.numReferences[content] > 0) return;
    this.freeable.pushBack(content);
    this.numFreeableSlots += this.embeds[content];
  }

  /** Forgets everything (vLLM `reset`, after the weights have changed). */
  reset(): void {
    this.isCached.fill(0);
    this.numReferences.fill(0);
    this.isReferred.fill(0);
    this.freeable.clear();
    this.numFreeSlots = this.size;
    this.numFreeableSlots = this.size;
  }

  holds(content: number): boolean {
    return this.isCached[content] === 1;
  }

  private refer(item: number, content: number): void {
    const first = this.firstAlike[item];
    if (this.isReferred[first] === 1) return;
    this.isReferred[first] = 1;
    this.numReferences[content]++;
  }
}
