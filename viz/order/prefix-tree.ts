import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../../sim/recording/events.ts';
import type { Recording } from '../../sim/recording/recording.ts';

/** Events, or nodes, of a piece of work: about a millisecond. A short run is a few pieces. */
const PIECE = 1 << 15;
/** Higher numbers of chains are not believed. */
const MOST_CHAINS = 1 << 24;
/** The node of no content, which all others continue. */
export const ROOT = 0;

/**
 * Which content continues which, over a whole run: a node for each content, with a place that it keeps. A prefix comes
 * before all that continues it, which stands together in the order in which it first came. A chain's number is given to
 * another content once nothing continues or holds it, so that a chain is several nodes, one after the other. V0's
 * recordings do not say who continues whom: there, each chain is a tree of its own.
 */
export class PrefixTree {
  readonly recording: Recording;
  /** node → the one that it continues. */
  parent = new Uint32Array(1);
  /** node → its place, from 1 on. */
  place = new Uint32Array(1);
  /** node → the event with which it came; they are numbered as they came. */
  private since = new Uint32Array(1);
  /** Chain c is nodes[i], one after the other, for i in start[c] … start[c + 1] - 1. */
  private start = new Uint32Array(1);
  private nodes = new Uint32Array(0);
  private readonly making: Iterator<void>;

  constructor(recording: Recording) {
    this.recording = recording;
    this.making = this.make();
  }

  get numNodes(): number {
    return this.parent.length;
  }

  /** Makes another piece of it. @returns whether there is more to do before it can be asked. */
  goOn(): boolean {
    return this.making.next().done !== true;
  }

  /** The first node that comes only later than so many events. */
  nextAfter(numEvents: number): number {
    return firstNotBelow(this.since, 1, this.numNodes, numEvents);
  }

  /** The content of a chain that is held before a node comes; ROOT: it is not known. */
  nodeOf(chain: number, next: number): number {
    const { start, nodes } = this;
    const at = firstNotBelow(nodes, start[chain], start[chain + 1], next);
    return at > start[chain] ? nodes[at - 1] : ROOT;
  }

  /** O(events). */
  private *make(): Generator<void, void> {
    const { parents, chains, since } = yield* contentsOf(this.recording);
    this.parent = new Uint32Array(parents);
    yield;
    this.since = new Uint32Array(since);
    yield* this.sortByChain(chains);
    yield* this.findPlaces();
  }

  private *sortByChain(chains: readonly number[]): Generator<void, void> {
    const { numNodes } = this;
    let numChains = 0;
    for (const chain of chains) numChains = Math.max(numChains, chain + 1);
    const start = new Uint32Array(numChains + 1);
    for (let node = 1; node < numNodes; node++) start[chains[node] + 1]++;
    yield;
    for (let chain = 0; chain < numChains; chain++) start[chain + 1] += start[chain];
    const next = start.slice();
    this.start = start;
    this.nodes = new Uint32Array(numNodes - 1);
    for (let node = 1; node < numNodes; node++) {
      if (node % PIECE === 0) yield;
      this.nodes[next[chains[node]]++] = node;
    }
  }

  private *findPlaces(): Generator<void, void> {
    const { parent, numNodes } = this;
    const firstChild = new Uint32Array(numNodes);
    const nextSibling = new Uint32Array(numNodes);
    for (let node = numNodes - 1; node > 0; node--) {
      if (node % PIECE === 0) yield;
      nextSibling[node] = firstChild[parent[node]];
      firstChild[parent[node]] = node;
    }
    const place = new Uint32Array(numNodes);
    let node = firstChild[ROOT];
    for (let at = 1; at < numNodes; at++) {
      if (at % PIECE === 0) yield;
      place[node] = at;
      if (firstChild[node] !== 0) node = firstChild[node];
      else {
        while (node !== ROOT && nextSibling[node] === 0) node = parent[node];
        node = nextSibling[node];
      }
    }
    this.place = place;
  }
}

/** The first index from `low` to `high` whose value is not below another; `high`: all are. They ascend. */
function firstNotBelow(values: Uint32Array, low: number, high: number, value: number): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** node → the node that it continues, its chain, and the event with which it came; the first is the root. */
interface Contents {
  readonly parents: readonly number[];
  readonly chains: readonly number[];
  readonly since: readonly number[];
}

function* contentsOf({ events, numEvents, header, requestIds }: Recording): Generator<void, Contents> {
  const isV0 = header.v0 !== undefined;
  const numGroups = header.pool.groups.length;
  const [parents, chains, since] = [[ROOT], [0], [0]];
  /** chain → its node now, and blocks that hold it. */
  const nodeOf: number[] = [ROOT];
  const numHolders: number[] = [0];
  const chainOf = new Uint32Array(header.pool.numGpuBlocks);
  /** request and group → the content of its last block that has one. */
  const last = new Uint32Array(requestIds.length * numGroups);
  for (let event = 0; event < numEvents; event++) {
    if (event % PIECE === 0) yield;
    const [request, block] = [events.a[event], events.b[event]];
    const kind = events.kind[event] & KIND_MASK;
    const holder = request * numGroups + (events.kind[event] >> DETAIL_SHIFT);
    if (kind === EventKind.Cache) {
      const chain = events.c[event];
      if (chain >= MOST_CHAINS) continue;
      const parent = isV0 ? ROOT : last[holder];
      let node = nodeOf[chain] ?? ROOT;
      // As long as somebody holds a chain it is the same content.
      const isOther = !isV0 && parents[node] !== parent && parent !== node && (numHolders[chain] ?? 0) === 0;
      if (node === ROOT || isOther) {
        node = parents.push(parent) - 1;
        chains.push(chain);
        since.push(event);
        nodeOf[chain] = node;
      }
      if (isV0) continue;
      chainOf[block] = chain;
      numHolders[chain] = (numHolders[chain] ?? 0) + 1;
      last[holder] = node;
    } else if (isV0) continue;
    else if (kind === EventKind.Admit) last.fill(ROOT, request * numGroups, (request + 1) * numGroups);
    else if (kind === EventKind.Hit) last[holder] = nodeOf[chainOf[block]];
    else if (kind === EventKind.Allocate || kind === EventKind.Evict) {
      numHolders[chainOf[block]]--;
      chainOf[block] = 0;
    }
  }
  return { parents, chains, since };
}
