import type { Cursor } from '../../sim/recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../../sim/recording/events.ts';
import type { Recording } from '../../sim/recording/recording.ts';

/**
 * Which content continues which, over a run. A chain's number is given to another one once nothing continues or holds
 * it, so that its parent holds from the event that says so to the next one. V0's recordings do not say who continues
 * whom: there, each chain is a tree of its own.
 */
export class PrefixTree {
  readonly recording: Recording;
  /** Chain c was continued from parents[i], from event since[i] on, for i in start[c] … start[c + 1] - 1. */
  private readonly start: Uint32Array;
  private readonly since: Uint32Array;
  private readonly parents: Uint32Array;
  /** chain → the one that it continues at the last look; 0: none, or it is not known. */
  readonly parent: Int32Array;
  /** chain → its place at the last look, from 1: a prefix comes before all that continues it, which stands together. */
  readonly place: Int32Array;
  private readonly firstChild: Int32Array;
  private readonly nextSibling: Int32Array;

  /** O(events). */
  constructor(recording: Recording) {
    this.recording = recording;
    const links = recording.header.v0 === undefined ? linksOf(recording) : [];
    const numChains = mostOf(recording);
    const start = new Uint32Array(numChains + 2);
    for (const { chain } of links) start[chain + 1]++;
    for (let chain = 0; chain <= numChains; chain++) start[chain + 1] += start[chain];
    const next = start.slice();
    this.since = new Uint32Array(links.length);
    this.parents = new Uint32Array(links.length);
    for (const { event, chain, parent } of links) {
      this.since[next[chain]] = event;
      this.parents[next[chain]++] = parent;
    }
    this.start = start;
    this.parent = new Int32Array(numChains + 1);
    this.place = new Int32Array(numChains + 1);
    this.firstChild = new Int32Array(numChains + 1);
    this.nextSibling = new Int32Array(numChains + 1);
  }

  /** O(chains). */
  look({ step, numSteps, recording }: Cursor): void {
    const { parent, place, firstChild, nextSibling } = this;
    const { steps, numEvents } = recording;
    const now = step < 0 ? 0 : step >= numSteps ? numEvents : steps.scheduleEnd[step];
    firstChild.fill(-1);
    for (let chain = place.length - 1; chain > 0; chain--) {
      const before = this.parentOf(chain, now);
      parent[chain] = before;
      nextSibling[chain] = firstChild[before];
      firstChild[before] = chain;
    }
    const open = [firstChild[0]];
    for (let at = 1; open.length > 0; ) {
      const chain = open.pop()!;
      if (chain < 0) continue;
      place[chain] = at++;
      open.push(nextSibling[chain], firstChild[chain]);
    }
  }

  /** 0: none, or it is not known. */
  private parentOf(chain: number, event: number): number {
    let [low, high] = [this.start[chain], this.start[chain + 1]];
    const first = low;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.since[middle] < event) low = middle + 1;
      else high = middle;
    }
    return low === first ? 0 : this.parents[low - 1];
  }
}

interface Link {
  readonly event: number;
  readonly chain: number;
  readonly parent: number;
}

function mostOf({ events, numEvents }: Recording): number {
  let most = 0;
  for (let event = 0; event < numEvents; event++) {
    if ((events.kind[event] & KIND_MASK) === EventKind.Cache) most = Math.max(most, events.c[event]);
  }
  return most;
}

/** Where chains get another parent, in the order of events. */
function linksOf(recording: Recording): Link[] {
  const { events, numEvents, header, requestIds } = recording;
  const numGroups = header.pool.groups.length;
  const parents = new Int32Array(mostOf(recording) + 1);
  const chainOf = new Int32Array(header.pool.numGpuBlocks);
  /** request and group → the chain of its last block that has one. */
  const last = new Int32Array(requestIds.length * numGroups);
  const links: Link[] = [];
  for (let event = 0; event < numEvents; event++) {
    const [request, block] = [events.a[event], events.b[event]];
    const kind = events.kind[event] & KIND_MASK;
    const holder = request * numGroups + (events.kind[event] >> DETAIL_SHIFT);
    if (kind === EventKind.Admit) last.fill(0, request * numGroups, (request + 1) * numGroups);
    else if (kind === EventKind.Hit) last[holder] = chainOf[block];
    else if (kind === EventKind.Allocate || kind === EventKind.Evict) chainOf[block] = 0;
    else if (kind === EventKind.Cache) {
      const chain = events.c[event];
      const parent = last[holder];
      if (parents[chain] !== parent && parent !== chain) {
        links.push({ event, chain, parent });
        parents[chain] = parent;
      }
      chainOf[block] = chain;
      last[holder] = chain;
    }
  }
  return links;
}
