import type { Cursor } from '../sim/recording/cursor.ts';
import { grouped } from '../sim/words.ts';
import { blockState } from './block-colors.ts';
import type { BlockLives, LifeEvent } from './block-life.ts';
import { h } from './dom.ts';
import { DrawnFrom } from './drawn-from.ts';
import type { Prefix } from './order/prefix-branches.ts';
import { t } from './text/text.ts';

const MAX_OWNERS = 12;
/** Entries of a block table before the block's own, and in all. */
const ENTRIES_BEFORE = 2;
const ENTRIES = 6;
/** Lines of a block's life before and after the cursor. */
const LIFE_BEFORE = 6;
const LIFE_AFTER = 2;

export interface DetailsActions {
  request(request: number): void;
  step(step: number): void;
}

/** The pane that tells everything about the block under the pointer or the keyboard's cell cursor. */
export class Details {
  private readonly root: HTMLElement;
  private readonly title: HTMLElement;
  private readonly actions: DetailsActions;
  private lives: BlockLives | null = null;
  private readonly drawnFrom = new DrawnFrom();

  constructor(root: HTMLElement, title: HTMLElement, actions: DetailsActions) {
    this.root = root;
    this.title = title;
    this.actions = actions;
  }

  /** Another run. */
  reset(lives: BlockLives): void {
    this.lives = lives;
  }

  /** @param prefix where the layout says it. */
  show(cursor: Cursor, block: number | null, blocksPerCell: number, prefix: Prefix | null = null): void {
    const { details: texts, states } = t();
    // Of no block there is nothing that a step could change.
    const step = block === null ? null : cursor.step;
    if (!this.drawnFrom.differs(this.lives, block, step, blocksPerCell, prefix === null, texts)) return;
    if (block === null) {
      this.title.textContent = texts.block;
      const { contiguous, pool } = cursor.recording.header;
      const paged = contiguous === undefined ? [h('p', {}, texts.whatIsOne(pool.hashBlockSize))] : [];
      this.root.replaceChildren(...paged, h('p', {}, texts.intro));
      return;
    }
    const { requestIds, header } = cursor.recording;
    const { groups, numGpuBlocks } = header.pool;
    const onCpu = block >= numGpuBlocks;
    this.title.textContent = `${onCpu ? texts.cpuBlock : texts.block} ${grouped(onCpu ? block - numGpuBlocks : block)}`;
    const state = blockState(cursor, block);
    const drawn: HTMLElement[] = [];
    const rows: [string, ...(Node | string)[]][] = [[texts.state, states[state]]];
    if (state === 'null') {
      rows.push([texts.meaning, texts.nullMeaning]);
    } else {
      const owners = cursor.holders(block);
      rows.push([texts.references, String(cursor.refCount[block])]);
      if (owners.length > 0) {
        rows.push([
          texts.owners(owners.length),
          ...owners
            .slice(0, MAX_OWNERS)
            .flatMap((owner, i) => [i === 0 ? '' : ', ', this.link(owner, requestIds[owner])]),
          owners.length > MAX_OWNERS ? texts.more(owners.length - MAX_OWNERS) : '',
        ]);
        const which = Math.max(0, cursor.whichTable(owners[0], block));
        const position = cursor.table(owners[0], which).indexOf(block);
        const blockSize = cursor.blockSizeOfTable(which);
        rows.push([texts.table, texts.entry(position, position * blockSize, (position + 1) * blockSize - 1)]);
        drawn.push(blockTable(cursor, owners[0], which, position));
        rows.push([texts.filled, texts.fill(cursor.fill(block), blockSize)]);
        if (groups.length > 1) rows.push([texts.group, `${which} (${groups[which].kind.replace('_', ' ')})`]);
        else if (cursor.numTables(owners[0]) > 1) rows.push([texts.sequence, String(which)]);
      }
      rows.push([
        texts.prefixCache,
        cursor.chain[block] === 0 ? texts.notCached : texts.canBeHit(cursor.chain[block]),
      ]);
      if (prefix !== null) {
        const { before, continuations } = prefix;
        rows.push([texts.prefix, texts.branch(before.length, continuations)]);
      }
      if (state === 'cached' && !onCpu)
        rows.push([texts.eviction, texts.place(queuePosition(cursor, block))]);
    }
    if (blocksPerCell > 1) rows.push([texts.cell, texts.cellOf(blocksPerCell)]);
    this.root.replaceChildren(
      h('dl', {}, ...rows.flatMap(([term, ...what]) => [h('dt', {}, term), h('dd', {}, ...what)])),
      ...drawn,
      ...(blocksPerCell === 1 ? this.life(cursor, block) : []),
    );
  }

  /** What happened to the block around the cursor; each line goes to its step. */
  private life(cursor: Cursor, block: number): HTMLElement[] {
    const all = this.lives?.of(block) ?? [];
    if (all.length === 0) return [];
    const { requestIds } = cursor.recording;
    const behind = all.findIndex(({ step }) => step > cursor.step);
    const now = behind < 0 ? all.length : behind;
    const shown = all.slice(Math.max(0, now - LIFE_BEFORE), now + LIFE_AFTER);
    const lines = shown.map((event) => {
      const text = sentenceOfLife(event, event.request === null ? null : requestIds[event.request]);
      return h(
        'li',
        { class: event.step > cursor.step ? 'later' : '' },
        h(
          'button',
          { type: 'button', class: 'button link', onclick: () => this.actions.step(event.step) },
          t().details.step(grouped(event.step)),
        ),
        ` ${text}`,
      );
    });
    return [h('h3', {}, t().details.life(grouped(all.length))), h('ol', { class: 'life' }, ...lines)];
  }

  private link(request: number, id: string): HTMLElement {
    return h(
      'button',
      { type: 'button', class: 'button link', onclick: () => this.actions.request(request) },
      id,
    );
  }
}

/** The part of a request's block table around an entry: which block each of its places is in. */
function blockTable(cursor: Cursor, request: number, which: number, position: number): HTMLElement {
  const texts = t().details;
  const table = cursor.table(request, which);
  const from = Math.max(0, Math.min(position - ENTRIES_BEFORE, table.length - ENTRIES));
  const entries = [...table.subarray(from, from + ENTRIES)].map((block, i) => {
    const shown = block === cursor.nullBlock ? '–' : grouped(block);
    return h(
      'li',
      { 'aria-current': String(from + i === position), 'aria-label': texts.maps(from + i, shown) },
      h('small', { 'aria-hidden': 'true' }, grouped(from + i)),
      h('b', { 'aria-hidden': 'true' }, shown),
    );
  });
  const title = texts.tableOf(cursor.recording.requestIds[request], grouped(table.length));
  return h('div', {}, h('h3', {}, title), h('ol', { class: 'block-table' }, ...entries));
}

function sentenceOfLife({ kind, chain }: LifeEvent, request: string | null): string {
  const texts = t().details;
  switch (kind) {
    case 'taken':
      return request === null ? texts.taken : texts.takenBy(request);
    case 'hit':
      return texts.hit(request);
    case 'cached':
      return texts.cached(chain);
    case 'given-up':
      return texts.givenUp(request);
    case 'evicted':
      return texts.evicted(chain);
    case 'copied':
      return texts.copied(request);
  }
}

function queuePosition(cursor: Cursor, block: number): string {
  let position = 0;
  for (const free of cursor.freeQueue()) {
    position++;
    if (free === block) return grouped(position);
  }
  return '–';
}
