import { EventKind, KIND_MASK } from '../../recording/events.ts';
import { numAllBlocks, type Recording } from '../../recording/recording.ts';
import { NS_PER_S } from '../../units.ts';
import { heaviestBurst } from './bursts.ts';
import type { Moment } from './moment.ts';

/** Evictions at most so many steps apart belong together. */
const GAP = 2;

/** A block's content that was evicted and had to be computed again. */
interface Regret {
  readonly step: number;
  readonly block: number;
  /** Requests that had got it from the cache before. */
  readonly hits: number;
  /** When it was there again. */
  readonly againStep: number;
}

/** The burst of evictions that cost most: of content that was used before, if such was lost; null if none came back. */
export function regrettedEvictions(recording: Recording): Moment | null {
  const { numSteps, header } = recording;
  const all = regrets(recording);
  const hot = all.filter(({ hits }) => hits > 0);
  const burst = heaviestBurst(hot.length > 0 ? hot : all, GAP, ({ hits }) => 1 + hits);
  if (burst.length === 0) return null;
  const [first] = burst;
  const tokens = burst.length * header.pool.groups[0].blockSize;
  return {
    kind: 'evicted',
    step: first.step,
    lastStep: burst[burst.length - 1].step,
    cost: tokens * secondsPerToken(recording),
    request: null,
    block: first.block,
    facts: {
      blocks: burst.length,
      hits: burst.reduce((sum, { hits }) => sum + hits, 0),
      tokens,
      againStep: burst.reduce((least, { againStep }) => Math.min(least, againStep), numSteps),
    },
  };
}

/** In the order of their evictions. A content that several blocks held is lost with the last of them. */
function regrets(recording: Recording): Regret[] {
  const { events, steps, numSteps, header } = recording;
  const isV0 = header.v0 !== undefined;
  const chainOf = new Uint32Array(numAllBlocks(header));
  const numChains = mostChain(recording) + 1;
  const hits = new Uint32Array(numChains);
  const holders = new Uint32Array(numChains);
  /** chain → the step in which it was lost + 1, and the block that had it. */
  const lostIn = new Uint32Array(numChains);
  const lostFrom = new Uint32Array(numChains);
  const found: Regret[] = [];
  const lose = (block: number, chain: number, step: number) => {
    chainOf[block] = 0;
    if (holders[chain] > 0) holders[chain]--;
    if (holders[chain] > 0) return;
    lostIn[chain] = step + 1;
    lostFrom[chain] = block;
  };
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const block = events.b[event];
      const c = events.c[event];
      switch (events.kind[event] & KIND_MASK) {
        case EventKind.Cache:
          // Lost in this very step: what comes before it was lost earlier, so that nobody could have used it.
          if (lostIn[c] > 0 && lostIn[c] <= step) {
            found.push({ step: lostIn[c] - 1, block: lostFrom[c], hits: hits[c], againStep: step });
          }
          lostIn[c] = 0;
          chainOf[block] = c;
          holders[c]++;
          break;
        case EventKind.Hit:
          hits[chainOf[block]]++;
          break;
        case EventKind.Allocate:
          if (!isV0 && c !== 0) lose(block, c, step);
          break;
        case EventKind.Evict:
          lose(block, c, step);
          break;
      }
    }
  }
  return found.sort((a, b) => a.step - b.step);
}

function mostChain({ events, numEvents }: Recording): number {
  let most = 0;
  for (let event = 0; event < numEvents; event++) {
    if ((events.kind[event] & KIND_MASK) === EventKind.Cache) most = Math.max(most, events.c[event]);
  }
  return most;
}

/** What a computed token took on average. */
function secondsPerToken({ steps, numSteps }: Recording): number {
  let ns = 0;
  let tokens = 0;
  for (let step = 0; step < numSteps; step++) {
    ns += steps.endNs[step] - steps.startNs[step];
    tokens += steps.numScheduledTokens[step];
  }
  return tokens === 0 ? 0 : ns / tokens / NS_PER_S;
}
