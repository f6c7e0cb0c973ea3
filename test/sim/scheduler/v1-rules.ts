import type { KvCacheGroup, PoolConfig, SchedulerConfig } from '../../../sim/scheduler/config.ts';
import type { Workload } from '../../../sim/workload/workload.ts';

/*
 * V1 once more, from its rules alone and as plainly as can be: lists that are searched, contents that are strings. It
 * shares no code with the scheduler, and knows no images and no chunked attention.
 */

type Accept = (request: number, verification: number, drafts: number) => number;
type State = 'none' | 'waiting' | 'running' | 'preempted' | 'ended';

interface Request {
  readonly row: number;
  readonly id: string;
  readonly priority: number;
  readonly maxTokens: number;
  readonly numPrompt: number;
  /** What its known tokens are. */
  readonly tokens: string[];
  arrival: number;
  state: State;
  computed: number;
  drafts: number;
  placeholders: number;
  verifications: number;
  /** group → blocks; 0 is the null block. */
  tables: number[][];
  /** group → leading blocks that were offered to the cache. */
  offered: number[];
}

interface Scheduled {
  readonly request: Request;
  readonly tokens: number;
  readonly drafts: number;
  samples: boolean;
}

export class V1Rules {
  readonly free: number[];
  readonly running: Request[] = [];
  readonly waiting: Request[] = [];
  readonly requests: Request[];
  batch: Scheduled[] = [];
  private readonly inFlight: Scheduled[][] = [];
  private readonly pool: PoolConfig;
  private readonly config: SchedulerConfig;
  private readonly accept: Accept;
  private readonly refs: number[];
  /** block → its key in the cache. */
  private readonly keyOf: (string | null)[];
  /** key → blocks with that content, in the order in which they were entered. */
  private readonly cache = new Map<string, number[]>();
  /** Tokens that every group cuts into whole blocks. */
  private readonly lcm: number;

  constructor(workload: Workload, pool: PoolConfig, config: SchedulerConfig, accept: Accept) {
    this.pool = pool;
    this.config = config;
    this.accept = accept;
    this.free = Array.from({ length: pool.numGpuBlocks - 1 }, (_, i) => i + 1);
    this.refs = new Array(pool.numGpuBlocks).fill(0);
    this.keyOf = new Array(pool.numGpuBlocks).fill(null);
    this.lcm = pool.groups.reduce((l, { blockSize }) => (l * blockSize) / gcd(l, blockSize), 1);
    this.requests = workload.ids.map((id, row) => ({
      row,
      id,
      priority: workload.priority[row],
      maxTokens: workload.maxTokens[row],
      numPrompt: workload.numPromptTokens[row],
      tokens: promptOf(workload, row),
      arrival: 0,
      state: 'none',
      computed: 0,
      drafts: 0,
      placeholders: 0,
      verifications: 0,
      tables: pool.groups.map(() => []),
      offered: pool.groups.map(() => 0),
    }));
    this.outputSegment = workload.outputSegment;
  }
  private readonly outputSegment: Int32Array;

  add(row: number, arrival: number): void {
    const request = this.requests[row];
    request.arrival = arrival;
    request.state = 'waiting';
    this.waiting.push(request);
  }

  abort(row: number): void {
    const request = this.requests[row];
    if (request.state === 'none' || request.state === 'ended') return;
    remove(this.running, request);
    remove(this.waiting, request);
    this.release(request);
    request.state = 'ended';
  }

  /** The queue as it will be served. */
  queue(): Request[] {
    if (this.config.policy === 'fcfs') return [...this.waiting];
    return [...this.waiting].sort(
      (a, b) => a.priority - b.priority || a.arrival - b.arrival || (a.id < b.id ? -1 : 1),
    );
  }

  schedule(): void {
    const { config } = this;
    this.batch = [];
    let budget = config.maxNumScheduledTokens ?? config.maxNumBatchedTokens;
    let hasPreempted = false;
    for (let i = 0; i < this.running.length && budget > 0; i++) {
      const request = this.running[i];
      const known = request.tokens.length;
      const isPromised =
        request.placeholders > 0 &&
        request.computed + 2 - request.placeholders >= request.numPrompt + request.maxTokens;
      if (isPromised) continue;
      let n = known + request.drafts + request.placeholders - request.computed;
      if (config.longPrefillTokenThreshold > 0) n = Math.min(n, config.longPrefillTokenThreshold);
      n = Math.min(n, budget, config.maxModelLen - 1 - request.computed);
      if (n === 0) continue;
      let isOut = false;
      while (!this.allocateRunning(request, n)) {
        hasPreempted = true;
        const victim = this.victim();
        const entry = this.batch.find((scheduled) => scheduled.request === victim);
        if (entry !== undefined) {
          remove(this.batch, entry);
          budget += entry.tokens;
          i--;
        }
        this.preempt(victim);
        isOut = victim === request;
        if (isOut) break;
      }
      if (isOut) break;
      const drafts = Math.max(0, n + request.computed - known - request.placeholders);
      request.drafts = 0;
      this.batch.push({ request, tokens: n, drafts, samples: false });
      budget -= n;
    }
    if (!hasPreempted) this.admit(budget);
    for (const entry of this.batch) {
      const { request, tokens, drafts } = entry;
      request.computed += tokens;
      entry.samples = request.computed >= request.tokens.length + request.placeholders;
      if (!config.asyncScheduling || !entry.samples) continue;
      request.placeholders += 1 + drafts;
      request.drafts = config.numSpeculativeTokens;
    }
    this.inFlight.push(this.batch);
  }

  get numInFlight(): number {
    return this.inFlight.length;
  }

  update(): void {
    const { config } = this;
    const batch = this.inFlight.shift()!;
    for (const { request, drafts, samples } of batch) {
      if (request.state === 'ended' || !samples) continue;
      let accepted = 0;
      if (drafts > 0) {
        accepted = Math.min(drafts, this.accept(request.row, request.verifications++, drafts));
        if (request.computed > 0) request.computed -= drafts - accepted;
        if (request.placeholders > 0) request.placeholders -= drafts - accepted;
      }
      let appended = 0;
      let isOver = false;
      for (; appended < accepted + 1 && !isOver; appended++) {
        const outputs = request.tokens.length - request.numPrompt;
        request.tokens.push(`${this.outputSegment[request.row]}:${outputs}`);
        isOver = outputs + 1 >= request.maxTokens || request.tokens.length >= config.maxModelLen;
      }
      if (config.asyncScheduling) {
        request.placeholders -= appended;
        if (request.state === 'running') this.offer(request, request.computed - request.placeholders);
      }
      if (isOver) {
        this.release(request);
        request.state = 'ended';
      } else if (!config.asyncScheduling) {
        request.drafts = config.numSpeculativeTokens;
      }
    }
    for (const list of [this.running, this.waiting]) {
      for (const request of [...list]) if (request.state === 'ended') remove(list, request);
    }
  }

  private admit(left: number): void {
    const { config } = this;
    let budget = left;
    while (this.waiting.length > 0 && budget > 0 && this.running.length < config.maxNumSeqs) {
      const [request] = this.queue();
      const known = request.tokens.length;
      const { length: hit, lists } = this.lookUp(request);
      let n = known - hit;
      if (config.longPrefillTokenThreshold > 0) n = Math.min(n, config.longPrefillTokenThreshold);
      if (!config.enableChunkedPrefill && n > budget) return;
      n = Math.min(n, budget);
      const { maxModelLen } = config;
      const whole = Math.min(known, maxModelLen);
      if (config.schedulerReserveFullIsl && this.need(hit, lists, whole, true) > this.free.length) return;
      const total = Math.min(hit + n, maxModelLen);
      if (this.need(hit, lists, total, false) > this.free.length) return;
      remove(this.waiting, request);
      request.state = 'running';
      request.computed = hit;
      this.running.push(request);
      this.pool.groups.forEach((group, g) => {
        lists[g].forEach((block, i) => {
          const isInside = i >= skipped(group, hit);
          request.tables[g].push(isInside ? block : 0);
          if (!isInside || block === 0) return;
          if (this.refs[block]++ === 0) remove(this.free, block);
        });
        request.offered[g] = lists[g].length;
      });
      this.grow(request, total);
      this.offer(request, Math.min(hit + n, known));
      this.batch.push({ request, tokens: n, drafts: 0, samples: false });
      budget -= n;
    }
  }

  /** Free blocks that an admission takes. */
  private need(hit: number, lists: readonly number[][], total: number, isGate: boolean): number {
    const { maxNumBatchedTokens, maxModelLen } = this.config;
    return this.pool.groups.reduce((sum, group, g) => {
      const { blockSize, window, kind } = group;
      let blocks = Math.ceil(total / blockSize);
      if (isGate && kind === 'sliding_window') {
        const most = Math.ceil(Math.min(window - 1 + maxNumBatchedTokens, maxModelLen) / blockSize) + 1;
        blocks = Math.min(blocks, most);
      }
      const from = skipped(group, hit);
      const fresh = Math.max(0, blocks - Math.max(from, lists[g].length));
      const idle = lists[g].filter((block, i) => i >= from && block !== 0 && this.refs[block] === 0).length;
      return sum + fresh + idle;
    }, 0);
  }

  private allocateRunning(request: Request, n: number): boolean {
    const { groups } = this.pool;
    const { maxModelLen, numLookaheadTokens } = this.config;
    const { computed, tables } = request;
    groups.forEach((group, g) => {
      for (let i = Math.min(skipped(group, computed), tables[g].length) - 1; i >= 0; i--) {
        if (tables[g][i] === 0) break;
        this.letGo(tables[g][i]);
        tables[g][i] = 0;
      }
    });
    const total = Math.min(computed + n + numLookaheadTokens, maxModelLen);
    const need = groups.reduce(
      (sum, { blockSize }, g) => sum + Math.max(0, Math.ceil(total / blockSize) - tables[g].length),
      0,
    );
    if (need > this.free.length) return false;
    this.grow(request, total);
    this.offer(request, Math.min(computed + n, request.tokens.length));
    return true;
  }

  private grow(request: Request, total: number): void {
    this.pool.groups.forEach(({ blockSize }, g) => {
      while (request.tables[g].length < Math.ceil(total / blockSize)) {
        const block = this.free.shift()!;
        this.forget(block);
        this.refs[block] = 1;
        request.tables[g].push(block);
      }
    });
  }

  /** Full blocks of so many tokens enter the cache. */
  private offer(request: Request, numTokens: number): void {
    const { groups, enablePrefixCaching } = this.pool;
    if (!enablePrefixCaching) return;
    const tokens = numTokens - (numTokens % this.lcm);
    groups.forEach(({ blockSize, kind, window }, g) => {
      const perSegment = this.lcm / blockSize;
      const kept =
        kind === 'sliding_window' && blockSize < this.lcm ? Math.ceil((window - 1) / blockSize) : perSegment;
      for (let i = request.offered[g]; i < tokens / blockSize; i++) {
        const block = request.tables[g][i];
        if (block === 0 || i % perSegment < perSegment - kept) continue;
        const key = keyOf(request, g, (i + 1) * blockSize);
        const others = this.cache.get(key);
        if (others === undefined) this.cache.set(key, [block]);
        else others.push(block);
        this.keyOf[block] = key;
      }
      request.offered[g] = Math.max(request.offered[g], tokens / blockSize);
    });
  }

  private forget(block: number): void {
    const key = this.keyOf[block];
    if (key === null) return;
    const others = this.cache.get(key)!;
    remove(others, block);
    if (others.length === 0) this.cache.delete(key);
    this.keyOf[block] = null;
  }

  private letGo(block: number): void {
    if (block !== 0 && --this.refs[block] === 0) this.free.push(block);
  }

  private release(request: Request): void {
    for (const table of request.tables) while (table.length > 0) this.letGo(table.pop()!);
    request.offered.fill(0);
  }

  private victim(): Request {
    const { running } = this;
    if (this.config.policy === 'fcfs') return running[running.length - 1];
    const isWorse = (a: Request, b: Request) =>
      a.priority > b.priority || (a.priority === b.priority && a.arrival > b.arrival);
    return running.reduce((worst, request) => (isWorse(request, worst) ? request : worst));
  }

  private preempt(request: Request): void {
    remove(this.running, request);
    this.release(request);
    request.state = 'preempted';
    request.computed = 0;
    request.drafts = 0;
    this.waiting.unshift(request);
  }

  private lookUp(request: Request): { length: number; lists: number[][] } {
    const { groups, enablePrefixCaching } = this.pool;
    const { useEagle } = this.config;
    const lists: number[][] = groups.map(() => []);
    if (!enablePrefixCaching) return { length: 0, lists };
    const most = request.tokens.length - 1;
    const alike = new Map<string, number[]>();
    groups.forEach((group, g) => {
      const spec = JSON.stringify(group);
      alike.set(spec, [...(alike.get(spec) ?? []), g]);
    });
    const isFull = ([g]: readonly number[]) => groups[g].kind === 'full';
    const sets = [...alike.values()];
    const ordered = [...sets.filter(isFull), ...sets.filter((set) => !isFull(set))];
    const take = (set: readonly number[], limit: number, drop: boolean): number => {
      const found = this.lookUpAlike(request, set, limit, drop);
      set.forEach((g, i) => {
        lists[g] = found[i];
      });
      return found[0].length * groups[set[0]].blockSize;
    };
    if (ordered.length === 1) return { length: take(ordered[0], most, useEagle), lists };
    let length = most;
    const seen = new Set<readonly number[]>();
    const verified = new Set<readonly number[]>();
    for (;;) {
      let current = length;
      for (const set of ordered) {
        const { blockSize } = groups[set[0]];
        if (isFull(set) && seen.has(set)) current -= current % blockSize;
        else if (useEagle && !verified.has(set)) {
          current = take(set, Math.min(current + blockSize, most), true);
          verified.add(set);
        } else {
          const shorter = take(set, current, false);
          if (shorter < current) verified.clear();
          current = shorter;
        }
        seen.add(set);
      }
      if (current >= length) break;
      length = current;
      if (ordered.length === 2 && isFull(ordered[0])) break;
    }
    const [first] = ordered;
    if (isFull(first)) {
      for (const g of first) lists[g].length = Math.min(lists[g].length, length / groups[g].blockSize);
    }
    return { length, lists };
  }

  /** Blocks of groups of the same kind that have the prefix cached, 0 where none is needed; a list for each. */
  private lookUpAlike(request: Request, set: readonly number[], limit: number, drop: boolean): number[][] {
    const group: KvCacheGroup = this.pool.groups[set[0]];
    const { blockSize, window, kind } = group;
    const numBlocks = Math.floor(limit / blockSize);
    const isAligned = (blocks: number) => (blocks * blockSize) % this.lcm === 0;
    const cached = (i: number): number[] | null => {
      const found = set.map((g) => this.cache.get(keyOf(request, g, (i + 1) * blockSize))?.[0]);
      return found.every((block) => block !== undefined) ? (found as number[]) : null;
    };
    let columns: number[][] = [];
    if (kind === 'full') {
      for (let i = 0; i < numBlocks; i++) {
        const blocks = cached(i);
        if (blocks === null) break;
        columns.push(blocks);
      }
    } else {
      const enough = Math.ceil((window - 1) / blockSize) + (drop ? 1 : 0);
      let run: number[][] = [];
      let isFound = false;
      for (let i = numBlocks - 1; i >= 0 && !isFound; i--) {
        const blocks = cached(i);
        if (blocks === null) run = [];
        else if (run.length > 0 || isAligned(drop ? i : i + 1)) {
          run.unshift(blocks);
          isFound = run.length >= enough;
          if (isFound) columns = [...Array.from({ length: i }, () => set.map(() => 0)), ...run];
        }
      }
      if (!isFound) columns = run;
      while (!isFound && !isAligned(columns.length)) columns.pop();
    }
    if (drop) columns.pop();
    while (!isAligned(columns.length)) columns.pop();
    return set.map((_, at) => columns.map((blocks) => blocks[at]));
  }
}

function promptOf({ runStart, runSegment, runOffset, runLength }: Workload, row: number): string[] {
  const tokens: string[] = [];
  for (let run = runStart[row]; run < runStart[row + 1]; run++) {
    for (let i = 0; i < runLength[run]; i++) tokens.push(`${runSegment[run]}:${runOffset[run] + i}`);
  }
  return tokens;
}

function keyOf({ tokens }: Request, group: number, end: number): string {
  return `${group}|${tokens.slice(0, end).join(' ')}`;
}

/** Whole blocks that lie outside of the window once so many tokens are computed. */
function skipped({ kind, window, blockSize }: KvCacheGroup, computed: number): number {
  return kind === 'full' ? 0 : Math.floor(Math.max(0, computed - window + 1) / blockSize);
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
