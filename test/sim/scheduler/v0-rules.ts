import type { V0PoolConfig, V0SchedulerConfig } from '../../../sim/scheduler/v0/config.ts';
import type { V0Hooks } from '../../../sim/scheduler/v0/v0.ts';
import type { Workload } from '../../../sim/workload/workload.ts';
import { PlainBlocks, type PlainSequence } from './v0-plain-blocks.ts';

/*
 * V0's scheduler once more, from its rules alone and as plainly as can be. It knows no beams, and where vLLM would die
 * it throws, whatever.
 */

export interface PlainGroup {
  readonly row: number;
  readonly n: number;
  readonly priority: number;
  readonly prompt: number;
  readonly seqs: PlainSequence[];
  arrival: number;
  numDecodes: number;
}

interface Entry {
  readonly group: PlainGroup;
  readonly chunk: number;
  readonly isPrefill: boolean;
}

/** What a step has spent; each request counts once. */
class Spent {
  tokens = 0;
  seqs = 0;
  private readonly ofTokens = new Map<number, number>();
  private readonly ofSeqs = new Map<number, number>();

  addTokens({ row }: PlainGroup, n: number): void {
    if (this.ofTokens.has(row)) return;
    this.ofTokens.set(row, n);
    this.tokens += n;
  }
  addSeqs({ row }: PlainGroup, n: number): void {
    if (this.ofSeqs.has(row)) return;
    this.ofSeqs.set(row, n);
    this.seqs += n;
  }
  subtract({ row }: PlainGroup, tokens: number, seqs: number): void {
    if (this.ofTokens.delete(row)) this.tokens -= tokens;
    if (this.ofSeqs.delete(row)) this.seqs -= seqs;
  }
}

export class V0Rules {
  waiting: PlainGroup[] = [];
  running: PlainGroup[] = [];
  swapped: PlainGroup[] = [];
  batch: Entry[] = [];
  readonly blocks: PlainBlocks;
  private readonly config: V0SchedulerConfig;
  private readonly hooks: V0Hooks;
  private readonly groups: readonly PlainGroup[];
  private readonly maxTokens: Int32Array;
  private spent = new Spent();
  /** Async: the batch whose outputs are not looked at yet, those of it that were all the same, … */
  private pending: Entry[] = [];
  /** … and groups that are too long to be scheduled again. */
  private stopped: PlainGroup[] = [];
  private recomputed: PlainGroup[] = [];
  private swappedOut: PlainGroup[] = [];
  private wasPrompt = false;
  private lastTime = 0;
  private lastLatency = 0;
  private now = 0;

  constructor(workload: Workload, pool: V0PoolConfig, config: V0SchedulerConfig, hooks: V0Hooks) {
    this.config = config;
    this.hooks = hooks;
    this.maxTokens = workload.maxTokens;
    this.blocks = new PlainBlocks(pool);
    this.groups = workload.ids.map((_, row) => ({
      row,
      n: workload.numSequences[row],
      priority: workload.priority[row],
      prompt: workload.numPromptTokens[row],
      seqs: [this.blocks.newSequence(row, 0, promptOf(workload, row))],
      arrival: 0,
      numDecodes: 0,
    }));
    this.workload = workload;
  }
  private readonly workload: Workload;

  add(row: number, time: number): void {
    this.groups[row].arrival = time;
    this.waiting.push(this.groups[row]);
  }

  abort(row: number): void {
    const group = this.groups[row];
    const queue = [this.waiting, this.running, this.swapped].find((list) => list.includes(group));
    if (queue === undefined) return;
    remove(queue, group);
    for (const seq of group.seqs) {
      if (seq.status === 'finished') continue;
      seq.status = 'finished';
      this.blocks.free(seq);
    }
  }

  schedule(now: number): void {
    this.now = now;
    this.spent = new Spent();
    this.batch = this.config.enableChunkedPrefill ? this.scheduleChunked() : this.scheduleDefault();
    for (const { group } of this.batch) {
      for (const seq of group.seqs) if (seq.status === 'running') seq.lastScheduled = now;
    }
  }

  private scheduleDefault(): Entry[] {
    for (const group of this.running) this.spent.addSeqs(group, maxRunning(group));
    const prefills = this.swapped.length === 0 ? this.prefills(false, this.running.length) : [];
    if (prefills.length > 0) {
      this.running.push(...prefills.map(({ group }) => group));
      return prefills;
    }
    if (this.config.policy === 'priority') this.preemptByPriority();
    const { prefills: odd, decodes } = this.runningGroups(false);
    must(odd.length === 0);
    const swappedIn = this.numPreempted === 0 ? this.swappedGroups() : [];
    const all = [...decodes, ...swappedIn];
    this.running.push(...all.map(({ group }) => group));
    this.requeue();
    return all;
  }

  private scheduleChunked(): Entry[] {
    const { prefills, decodes } = this.runningGroups(true);
    const swappedIn = this.numPreempted === 0 ? this.swappedGroups() : [];
    const fresh = this.prefills(true, this.running.length);
    this.requeue();
    const swappedDecodes = swappedIn.filter(({ isPrefill }) => !isPrefill);
    const swappedPrefills = swappedIn.filter(({ isPrefill }) => isPrefill);
    for (const part of [swappedDecodes, swappedPrefills, decodes, prefills, fresh]) {
      this.running.push(...part.map(({ group }) => group));
    }
    return [...fresh, ...prefills, ...swappedPrefills, ...decodes, ...swappedDecodes];
  }

  private get numPreempted(): number {
    return this.recomputed.length + this.swappedOut.length;
  }

  private requeue(): void {
    for (const group of this.recomputed) this.waiting.unshift(group);
    this.swapped.push(...this.swappedOut);
    this.recomputed = [];
    this.swappedOut = [];
  }

  private passedDelay(numRunning: number): boolean {
    if (this.wasPrompt) this.lastLatency = this.now - this.lastTime;
    this.lastTime = this.now;
    this.wasPrompt = false;
    if (this.config.delayFactor === 0 || this.waiting.length === 0) return true;
    const earliest = Math.min(...this.waiting.map(({ arrival }) => arrival));
    return this.now - earliest > this.config.delayFactor * this.lastLatency || numRunning === 0;
  }

  private holds(tokens: number, seqs: number): boolean {
    const { maxNumBatchedTokens, maxNumSeqs } = this.config;
    return this.spent.tokens + tokens <= maxNumBatchedTokens && this.spent.seqs + seqs <= maxNumSeqs;
  }

  /** Of the sequences with a status; one alone is cut to what is left of the budget. */
  private newTokens(group: PlainGroup, status: PlainSequence['status'], chunked: boolean): number {
    const seqs = group.seqs.filter((seq) => seq.status === status);
    const tokens = seqs.reduce((sum, seq) => sum + (seq.isDecode ? 1 : seq.tokens.length - seq.computed), 0);
    must(tokens > 0);
    if (!chunked || seqs.length > 1) return tokens;
    const left = this.config.maxNumBatchedTokens - this.spent.tokens;
    const { enablePrefixCaching, blockSize } = this.blocks.pool;
    if (!enablePrefixCaching) return Math.min(tokens, left);
    return left < tokens ? Math.floor(left / blockSize) * blockSize : tokens;
  }

  private prefills(chunked: boolean, numRunning: number): Entry[] {
    const { maxModelLen, maxNumBatchedTokens } = this.config;
    const limit = chunked ? maxModelLen : Math.min(maxModelLen, maxNumBatchedTokens);
    const entries: Entry[] = [];
    while (this.passedDelay(numRunning) && this.waiting.length > 0) {
      const [group] = this.waiting;
      const seqs = group.seqs.filter((seq) => seq.status === 'waiting');
      must(seqs.length === 1);
      const tokens = this.newTokens(group, 'waiting', chunked);
      const fits = tokens > limit ? 'never' : this.blocks.canAllocate(seqs[0]);
      if (fits === 'later') break;
      if (fits === 'never') {
        this.waiting.shift();
        for (const seq of group.seqs) seq.status = 'finished';
        continue;
      }
      if (tokens === 0 || !this.holds(tokens, maxRunning(group))) break;
      this.waiting.shift();
      this.blocks.allocate(seqs[0]);
      seqs[0].status = 'running';
      // The stage of a group is that of its first sequence: one that lost it is sampled even after a part of the prompt.
      entries.push({ group, chunk: tokens, isPrefill: !group.seqs[0].isDecode });
      this.spent.addTokens(group, tokens);
      this.spent.addSeqs(group, maxRunning(group));
    }
    if (entries.length > 0) this.wasPrompt = true;
    return entries;
  }

  private runningGroups(chunked: boolean): { prefills: Entry[]; decodes: Entry[] } {
    const prefills: Entry[] = [];
    const decodes: Entry[] = [];
    while (this.running.length > 0) {
      const [group] = this.running;
      const tokens = this.newTokens(group, 'running', chunked);
      if (tokens === 0) break;
      this.running.shift();
      if (this.config.asyncOutputProc && group.seqs[0].tokens.length > this.config.maxModelLen) {
        this.stopped.push(group);
        continue;
      }
      let isOut = false;
      while (!isOut && !this.blocks.canAppend(running(group), this.lookahead(group))) {
        this.spent.subtract(group, tokens, maxRunning(group));
        const victim = this.running.pop() ?? group;
        isOut = victim === group;
        if (this.endsAhead(victim)) continue;
        (this.preempt(victim) ? this.recomputed : this.swappedOut).push(victim);
      }
      if (isOut) continue;
      for (const seq of running(group)) this.blocks.append(seq, this.lookahead(group));
      const isPrefill = !group.seqs[0].isDecode;
      (isPrefill ? prefills : decodes).push({ group, chunk: isPrefill ? tokens : 1, isPrefill });
      this.spent.addTokens(group, tokens);
      if (chunked) this.spent.addSeqs(group, maxRunning(group));
    }
    return { prefills, decodes };
  }

  private swappedGroups(): Entry[] {
    const entries: Entry[] = [];
    while (this.swapped.length > 0) {
      const [group] = this.swapped;
      const seqs = group.seqs.filter((seq) => seq.status === 'swapped');
      const fits = this.blocks.canSwapIn(seqs, this.lookahead(group));
      if (fits === 'later') break;
      if (fits === 'never') {
        this.swapped.shift();
        for (const seq of group.seqs) seq.status = 'finished';
        continue;
      }
      const tokens = this.newTokens(group, 'swapped', false);
      if (tokens === 0 || !this.holds(tokens, maxRunning(group))) break;
      this.swapped.shift();
      const isPrefill = !group.seqs[0].isDecode;
      for (const seq of seqs) this.blocks.swap(seq);
      for (const seq of seqs) seq.status = 'running';
      for (const seq of seqs) this.blocks.append(seq, this.lookahead(group));
      entries.push({ group, chunk: isPrefill ? tokens : 1, isPrefill });
      this.spent.addTokens(group, tokens);
      this.spent.addSeqs(group, maxRunning(group));
    }
    return entries;
  }

  private lookahead({ seqs }: PlainGroup): number {
    return seqs[0].isDecode ? this.config.numLookaheadSlots : 0;
  }

  /** True: it is recomputed. */
  private preempt(group: PlainGroup): boolean {
    const { preemptionMode } = this.config;
    const isRecompute = preemptionMode === null ? maxRunning(group) === 1 : preemptionMode === 'recompute';
    const seqs = running(group);
    if (isRecompute) {
      must(seqs.length === 1);
      seqs[0].status = 'waiting';
      this.blocks.free(seqs[0]);
      seqs[0].computed = 0;
      seqs[0].isDecode = false;
    } else {
      must(this.blocks.canSwapOut(seqs));
      for (const seq of seqs) this.blocks.swap(seq);
      for (const seq of seqs) seq.status = 'swapped';
    }
    return isRecompute;
  }

  private preemptByPriority(): void {
    const compare = (a: PlainGroup, b: PlainGroup) => a.priority - b.priority || a.arrival - b.arrival;
    this.running.sort(compare);
    const [first] = this.waiting;
    if (first !== undefined) {
      this.waiting.shift();
      while (this.running.length > 0 && compare(this.running[this.running.length - 1], first) > 0) {
        const [seq] = first.seqs.filter(({ status }) => status === 'waiting');
        const tokens = this.newTokens(first, 'waiting', false);
        if (this.blocks.canAllocate(seq) === 'ok' && this.holds(tokens, maxRunning(first))) break;
        const victim = this.running.pop()!;
        this.spent.subtract(victim, this.newTokens(victim, 'running', false), maxRunning(victim));
        this.preempt(victim);
        this.waiting.unshift(victim);
      }
      this.waiting.unshift(first);
    }
    this.waiting.sort(compare);
  }

  /** Async: the outputs of one group are looked at ahead of the others; true if they end it. */
  private endsAhead(group: PlainGroup): boolean {
    const at = this.pending.findIndex((entry) => entry.group === group);
    if (at < 0) return false;
    this.pending.splice(at, 1);
    const [seq] = group.seqs;
    if (!this.stop(group, seq)) return false;
    this.blocks.free(seq);
    return true;
  }

  update(): void {
    this.look();
    const { batch, config } = this;
    if (!config.asyncOutputProc || batch.some(({ group }) => group.n > 1)) {
      this.apply();
      return;
    }
    this.pending = [];
    for (const entry of batch) {
      const { group, chunk, isPrefill } = entry;
      const [seq] = group.seqs;
      // Its extra token is dropped.
      if (isOver(group)) continue;
      const isComplete = !isPrefill || seq.computed + chunk >= seq.tokens.length;
      seq.computed += chunk;
      if (seq.computed === seq.tokens.length) seq.isDecode = true;
      if (!isComplete) continue;
      this.push(group, seq);
      this.pending.push(entry);
    }
    if (this.waiting.length + this.running.length + this.swapped.length === 0) this.look();
  }

  /** Async: whom the outputs of the batch before end. */
  private look(): void {
    const { pending } = this;
    this.pending = [];
    let hasEnded = false;
    for (const { group } of pending) {
      const [seq] = group.seqs;
      if (isOver(group) || !this.stop(group, seq)) continue;
      this.blocks.free(seq);
      hasEnded = true;
    }
    if (!hasEnded) return;
    this.running = this.running.filter((group) => !isOver(group));
    this.stopped = [];
  }

  private apply(): void {
    const { numLookaheadSlots } = this.config;
    const ended: PlainGroup[] = [];
    for (const { group, chunk, isPrefill } of this.batch) {
      if (isOver(group)) continue;
      const [seq] = running(group);
      const isComplete = !isPrefill || seq.computed + chunk >= seq.tokens.length;
      if (numLookaheadSlots > 0 && !isPrefill) {
        const accepted = this.hooks.acceptance!(group.row, group.numDecodes++, numLookaheadSlots);
        const most = Math.max(1, this.mostTokens(group, 0) - seq.tokens.length);
        const sampled = Math.min(1 + Math.min(accepted, numLookaheadSlots), most);
        for (let i = 0; i < sampled; i++) this.push(group, seq);
        seq.computed += sampled;
        this.stop(group, seq);
      } else {
        for (const each of group.seqs.filter(({ status }) => status !== 'finished')) {
          each.computed += chunk;
          if (each.computed === each.tokens.length) each.isDecode = true;
        }
        if (isComplete) this.sample(group, seq);
      }
      if (isOver(group)) ended.push(group);
    }
    if (ended.length === 0) return;
    for (const group of this.running) {
      for (const seq of group.seqs) if (seq.status === 'finished') this.blocks.free(seq);
    }
    this.running = this.running.filter((group) => !ended.includes(group));
  }

  private sample(group: PlainGroup, first: PlainSequence): void {
    if (group.n === 1 || this.config.numLookaheadSlots > 0) {
      this.push(group, first);
      if (this.stop(group, first) && this.config.numLookaheadSlots === 0) this.blocks.free(first);
      return;
    }
    if (group.seqs.length < group.n) {
      const children = Array.from({ length: group.n - 1 }, (_, i) =>
        this.blocks.childOf(first, group.row, i + 1),
      );
      group.seqs.push(...children);
      for (const seq of group.seqs) this.push(group, seq);
      for (const child of children) if (!this.stop(group, child)) this.blocks.fork(first, child);
      if (this.stop(group, first)) this.blocks.free(first);
      return;
    }
    for (const seq of running(group)) this.push(group, seq);
    for (const seq of running(group)) if (this.stop(group, seq)) this.blocks.free(seq);
  }

  private push({ row, prompt }: PlainGroup, seq: PlainSequence): void {
    const segment = this.workload.outputSegment[this.workload.sequenceStart[row] + seq.index];
    seq.tokens.push(`${segment}:${seq.tokens.length - prompt}`);
  }

  private mostTokens({ row, prompt }: PlainGroup, index: number): number {
    const limit = this.hooks.outputLimit?.(row, index) ?? this.maxTokens[row];
    return Math.min(prompt + limit, Math.max(this.config.maxModelLen, prompt) + 1);
  }

  private stop(group: PlainGroup, seq: PlainSequence): boolean {
    if (seq.tokens.length < this.mostTokens(group, seq.index)) return false;
    seq.status = 'finished';
    return true;
  }
}

function running({ seqs }: PlainGroup): PlainSequence[] {
  return seqs.filter(({ status }) => status === 'running');
}

function isOver({ seqs }: PlainGroup): boolean {
  return seqs.every(({ status }) => status === 'finished');
}

/** Sequences that it may come to run. */
function maxRunning({ n, seqs }: PlainGroup): number {
  return seqs.length < n ? n : seqs.filter(({ status }) => status !== 'finished').length;
}

function promptOf({ runStart, runSegment, runOffset, runLength }: Workload, row: number): string[] {
  const tokens: string[] = [];
  for (let run = runStart[row]; run < runStart[row + 1]; run++) {
    for (let i = 0; i < runLength[run]; i++) tokens.push(`${runSegment[run]}:${runOffset[run] + i}`);
  }
  return tokens;
}

function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1);
}

function must(condition: boolean): void {
  if (!condition) throw new Error('vLLM would die here');
}
