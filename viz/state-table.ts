import type { Cursor } from '../sim/recording/cursor.ts';
import { RequestState } from '../sim/recording/events.ts';
import { grouped } from '../sim/words.ts';
import { type BlockState, blockState } from './block-colors.ts';
import { h } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import { t } from './text/text.ts';

/** More rows than this nobody hears to the end. */
const MAX_ROWS = 100;
const STATES: readonly BlockState[] = ['used', 'shared', 'cached', 'free'];

/** What the pictures show, at the cursor, in tables: for those who hear the page, and for copying. */
export class StateTable {
  private readonly root: HTMLElement;
  private readonly drawnFrom = new DrawnFrom();

  constructor(root: HTMLElement) {
    this.root = root;
  }

  draw(cursor: Cursor): void {
    if (!this.drawnFrom.differs(cursor.recording, cursor.step, t())) return;
    this.root.replaceChildren(poolTable(cursor), requestTable(cursor));
  }
}

/** Blocks by their state. O(blocks). */
function poolTable(cursor: Cursor): HTMLElement {
  const counts = new Map<BlockState, number>(STATES.map((state) => [state, 0]));
  for (let block = 0; block < cursor.recording.header.pool.numGpuBlocks; block++) {
    const state = blockState(cursor, block);
    const count = counts.get(state);
    if (count !== undefined) counts.set(state, count + 1);
  }
  const { table, states } = t();
  return tableOf(
    table.pool,
    [table.state, table.blocks],
    [...counts].map(([state, count]) => [states[state], count]),
  );
}

function requestTable(cursor: Cursor): HTMLElement {
  const { table, requests: texts } = t();
  const { requests, requestIds } = cursor.recording;
  const rows: (string | number)[][] = [];
  let left = 0;
  for (const [list, name] of [
    [cursor.running(), texts.running],
    [cursor.swapped(), texts.swapped],
    [cursor.waiting(), texts.waiting],
  ] as const) {
    for (const request of list) {
      if (rows.length === MAX_ROWS) {
        left++;
        continue;
      }
      const isPreempted = cursor.state[request] === RequestState.Preempted;
      rows.push([
        requestIds[request],
        isPreempted ? texts.preempted : name,
        requests.numPromptTokens[request],
        cursor.numComputedTokens(request),
        cursor.numScheduledTokens(request),
        blocksOf(cursor, request),
      ]);
    }
  }
  const found = tableOf(
    table.requests,
    [table.request, table.state, table.prompt, table.computed, table.scheduled, table.blocks],
    rows,
  );
  if (left > 0) found.append(h('p', { class: 'more' }, texts.more(grouped(left))));
  return found;
}

function blocksOf(cursor: Cursor, request: number): number {
  let blocks = 0;
  for (let which = 0; which < cursor.numTables(request); which++)
    blocks += cursor.table(request, which).length;
  return blocks;
}

/** The first cell of a row names it. */
function tableOf(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): HTMLElement {
  const cell = (value: string | number) => (typeof value === 'number' ? grouped(value) : value);
  return h(
    'div',
    { class: 'results' },
    h(
      'table',
      {},
      h('caption', {}, caption),
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        ...rows.map(([name, ...values]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, cell(name)),
            ...values.map((value) => h('td', {}, cell(value))),
          ),
        ),
      ),
    ),
  );
}
