import type { Cursor } from '../sim/recording/cursor.ts';
import { blockState, STATE_NAMES } from './block-colors.ts';
import type { BlockLives, LifeEvent } from './block-life.ts';
import { h } from './dom.ts';

const MAX_OWNERS = 12;
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

  constructor(root: HTMLElement, title: HTMLElement, actions: DetailsActions) {
    this.root = root;
    this.title = title;
    this.actions = actions;
  }

  /** Another run. */
  reset(lives: BlockLives): void {
    this.lives = lives;
  }

  show(cursor: Cursor, block: number | null, blocksPerCell: number): void {
    if (block === null) {
      this.title.textContent = 'Block';
      this.root.replaceChildren(
        h(
          'p',
          {},
          'Point at a block, or move to the map with Tab and then with the arrow keys, to see who holds it, how full it is and what it caches.',
        ),
      );
      return;
    }
    const { requestIds, header } = cursor.recording;
    const { groups, numGpuBlocks } = header.pool;
    const onCpu = block >= numGpuBlocks;
    this.title.textContent = `${onCpu ? 'CPU block' : 'Block'} ${(onCpu ? block - numGpuBlocks : block).toLocaleString('en-US')}`;
    const state = blockState(cursor, block);
    const rows: [string, ...(Node | string)[]][] = [['state', STATE_NAMES[state]]];
    if (state === 'null') {
      rows.push([
        'meaning',
        'stands for positions outside of the attention window; never allocated, never counted',
      ]);
    } else {
      const owners = cursor.holders(block);
      rows.push(['references', String(cursor.refCount[block])]);
      if (owners.length > 0) {
        rows.push([
          owners.length === 1 ? 'owner' : 'owners',
          ...owners
            .slice(0, MAX_OWNERS)
            .flatMap((owner, i) => [i === 0 ? '' : ', ', this.link(owner, requestIds[owner])]),
          owners.length > MAX_OWNERS ? ` and ${owners.length - MAX_OWNERS} more` : '',
        ]);
        const which = Math.max(0, cursor.whichTable(owners[0], block));
        const position = cursor.table(owners[0], which).indexOf(block);
        const blockSize = cursor.blockSizeOfTable(which);
        rows.push([
          'block table',
          `entry ${position}: tokens ${position * blockSize} to ${(position + 1) * blockSize - 1}`,
        ]);
        rows.push(['filled', `${cursor.fill(block)} of ${blockSize} tokens`]);
        if (groups.length > 1)
          rows.push(['cache group', `${which} (${groups[which].kind.replace('_', ' ')})`]);
        else if (cursor.numTables(owners[0]) > 1) rows.push(['sequence', String(which)]);
      }
      rows.push([
        'prefix cache',
        cursor.chain[block] === 0 ? 'content not cached' : `content ${cursor.chain[block]} can be hit`,
      ]);
      if (state === 'cached' && !onCpu)
        rows.push(['eviction', `number ${queuePosition(cursor, block)} in the free queue`]);
    }
    if (blocksPerCell > 1) rows.push(['cell', `${blocksPerCell} blocks from this one on`]);
    this.root.replaceChildren(
      h('dl', {}, ...rows.flatMap(([term, ...what]) => [h('dt', {}, term), h('dd', {}, ...what)])),
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
          `step ${event.step.toLocaleString('en-US')}`,
        ),
        ` ${text}`,
      );
    });
    return [
      h('h3', {}, `Its life (${all.length.toLocaleString('en-US')} events)`),
      h('ol', { class: 'life' }, ...lines),
    ];
  }

  private link(request: number, id: string): HTMLElement {
    return h(
      'button',
      { type: 'button', class: 'button link', onclick: () => this.actions.request(request) },
      id,
    );
  }
}

function sentenceOfLife({ kind, chain }: LifeEvent, request: string | null): string {
  switch (kind) {
    case 'taken':
      return request === null ? 'taken' : `taken by ${request}`;
    case 'hit':
      return `prefix hit: ${request} shares it`;
    case 'cached':
      return `full: its content ${chain} is cached`;
    case 'given-up':
      return `given up by ${request}`;
    case 'evicted':
      return `content ${chain} evicted`;
    case 'copied':
      return `copied into for ${request}`;
  }
}

function queuePosition(cursor: Cursor, block: number): string {
  let position = 0;
  for (const free of cursor.freeQueue()) {
    position++;
    if (free === block) return position.toLocaleString('en-US');
  }
  return '–';
}
