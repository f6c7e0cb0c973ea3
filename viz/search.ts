import type { Cursor } from '../sim/recording/cursor.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { type EventName, type EventSteps, neighbour } from './event-steps.ts';
import { t } from './text/text.ts';

/** Something that a query finds. */
export type Found =
  | { readonly kind: 'request'; readonly request: number; readonly text: string }
  | { readonly kind: 'block'; readonly block: number; readonly text: string }
  | { readonly kind: 'step'; readonly step: number; readonly text: string }
  | { readonly kind: 'event'; readonly event: EventName; readonly step: number; readonly text: string };

const MOST = 12;
const REFERENCES = /^\s*ref\s*(>=|>|=)\s*(\d{1,9})\s*$/i;

/**
 * What a query finds in a run: `req:r17`, `block:4021`, `ref>1`, `step:90`, `event:preempt` (the next one behind the
 * cursor, then from the start), or a part of a request's name. Plain substrings: what looks for more surprises more.
 */
export function search(
  query: string,
  recording: Recording,
  eventsOf: EventSteps,
  pool: Pick<Cursor, 'numBlocks' | 'refCount'>,
  cursor: number,
): Found[] {
  const references = REFERENCES.exec(query);
  if (references !== null) return referenced(references[1], Number(references[2]), pool);
  const match = /^(?:(req|request|block|step|event):)?\s*(.*)$/is.exec(query.trim());
  const kind = match?.[1]?.toLowerCase();
  const what = match?.[2].toLowerCase() ?? '';
  if (what === '' && kind !== 'event') return [];
  const found: Found[] = [];
  const number = /^\d+$/.test(what) ? Number(what) : null;
  if (kind === undefined || kind === 'req' || kind === 'request') found.push(...requests(what, recording));
  if (number !== null && (kind === 'block' || kind === undefined) && number < pool.numBlocks) {
    found.push({ kind: 'block', block: number, text: t().find.block(number) });
  }
  if (number !== null && (kind === 'step' || kind === undefined) && number <= recording.numSteps) {
    found.push({ kind: 'step', step: number, text: t().find.step(number) });
  }
  if (kind === undefined || kind === 'event') found.push(...events(what, eventsOf, cursor));
  return found.slice(0, MOST);
}

/** Blocks that so many requests hold now, the most first. */
function referenced(
  operator: string,
  least: number,
  { numBlocks, refCount }: Pick<Cursor, 'numBlocks' | 'refCount'>,
): Found[] {
  const wanted = (count: number) =>
    operator === '=' ? count === least : count > least || (operator === '>=' && count === least);
  const blocks: number[] = [];
  for (let block = 0; block < numBlocks; block++) if (wanted(refCount[block])) blocks.push(block);
  return blocks
    .sort((a, b) => refCount[b] - refCount[a] || a - b)
    .slice(0, MOST)
    .map((block) => ({ kind: 'block', block, text: t().find.referenced(block, refCount[block]) }));
}

/** A name that is equal goes before those that only contain it. */
function requests(what: string, { requestIds }: Recording): Found[] {
  const found: Found[] = [];
  const equal = requestIds.findIndex((id) => id.toLowerCase() === what);
  if (equal >= 0) found.push({ kind: 'request', request: equal, text: t().find.request(requestIds[equal]) });
  for (let i = 0; i < requestIds.length && found.length < MOST; i++) {
    if (i === equal || !requestIds[i].toLowerCase().includes(what)) continue;
    found.push({ kind: 'request', request: i, text: t().find.request(requestIds[i]) });
  }
  return found;
}

function events(what: string, steps: EventSteps, cursor: number): Found[] {
  const found: Found[] = [];
  for (const [event, list] of steps) {
    const label = t().events[event];
    if (!event.includes(what) && !label.includes(what)) continue;
    const step = neighbour(list, cursor, 1) ?? list[0];
    found.push({ kind: 'event', event, step, text: t().find.event(label, step, step > cursor, list.length) });
  }
  return found;
}
