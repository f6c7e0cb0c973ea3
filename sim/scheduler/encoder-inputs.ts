import { EncoderCache, type EncoderItems } from '../pool/encoder-cache.ts';
import type { EventSink } from '../recording/event-sink.ts';
import { EventKind } from '../recording/events.ts';
import { EncodedImages } from '../time/encoded-images.ts';
import type { EncoderConfig } from './config.ts';

/**
 * Which images a step sends through the multimodal encoder (vLLM `_try_schedule_encoder_inputs`): those whose
 * placeholders the step computes and whose outputs are not cached, while the step's budget and the cache have room.
 */
export class EncoderInputs {
  readonly cache: EncoderCache;
  /** What this step's batch encodes. */
  readonly encoded = new EncodedImages();
  log: EventSink | null = null;

  private readonly items: EncoderItems;
  private readonly config: EncoderConfig;
  /** 1 with eagle, whose drafter reads one token ahead. */
  private readonly shift: number;
  /** Embeddings that this step may still compute. */
  private budget = 0;
  /** What the last trySchedule chose, and the budget that it would leave. */
  private readonly chosen: number[] = [];
  private budgetAfter = 0;

  constructor(items: EncoderItems, config: EncoderConfig, useEagle: boolean) {
    this.items = items;
    this.config = config;
    this.shift = useEagle ? 1 : 0;
    this.cache = new EncoderCache(items, config.cacheSize, (content, embeds) =>
      this.log?.event(EventKind.EncoderEvict, 0, content, embeds),
    );
  }

  startStep(): void {
    this.budget = this.config.computeBudget;
    this.encoded.clear();
  }

  /** How many of `n` tokens behind `computed` the request can compute: it stops before an image without room. */
  trySchedule(request: number, computed: number, n: number): number {
    const { cache, chosen, shift } = this;
    const { itemStart, itemOffset, itemLength, itemContent } = this.items;
    chosen.length = 0;
    this.budgetAfter = this.budget;
    if (n <= 0) return n;
    let numEmbeds = 0;
    for (let item = itemStart[request]; item < itemStart[request + 1]; item++) {
      const start = itemOffset[item];
      const end = start + itemLength[item];
      if (start >= computed + n + shift) break;
      if (end <= computed) continue;
      if (chosen.some((other) => itemContent[other] === itemContent[item])) continue;
      if (cache.checkAndUpdate(item)) continue;
      if (this.config.disableChunkedMmInput && computed < start && computed + n < end) {
        return Math.max(0, start - (computed + shift));
      }
      if (!cache.canAllocate(item, this.budgetAfter, numEmbeds)) {
        return computed + shift < start ? start - (computed + shift) : 0;
      }
      // With eagle's shift an image may lie wholly behind the tokens of this step.
      if (start >= computed + n) continue;
      numEmbeds += itemLength[item];
      this.budgetAfter -= itemLength[item];
      chosen.push(item);
    }
    return n;
  }

  /** The request got its blocks: what trySchedule chose is computed in this step. */
  commit(request: number): void {
    if (this.chosen.length === 0) return;
    for (const item of this.chosen) {
      this.encoded.add(request, this.items.itemLength[item]);
      this.cache.allocate(item);
      this.log?.event(
        EventKind.EncoderCompute,
        request,
        this.items.itemContent[item],
        this.items.itemLength[item],
      );
    }
    // What a victim gave back meanwhile is lost, as in vLLM.
    this.budget = this.budgetAfter;
  }

  /** A request that was in this step's batch is taken out again. */
  giveBack(request: number): void {
    this.budget += this.encoded.remove(request);
  }

  /** Outputs whose placeholders have KV by now are not needed any more (vLLM `_free_encoder_inputs`). */
  freeComputed(request: number, computed: number): void {
    const { itemStart, itemOffset, itemLength } = this.items;
    for (let item = itemStart[request]; item < itemStart[request + 1]; item++) {
      if (itemOffset[item] + itemLength[item] <= computed) this.cache.freeItem(item);
    }
  }

  /** The request ended, was preempted, or was refused. */
  free(request: number): void {
    const { itemStart } = this.items;
    for (let item = itemStart[request]; item < itemStart[request + 1]; item++) this.cache.freeItem(item);
  }
}
