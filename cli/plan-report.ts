import pc from 'picocolors';
import type { HostMemory } from '../sim/memory/host.ts';
import type { Plan, PlannedRank } from '../sim/memory/plan.ts';
import type { RankMemory } from '../sim/memory/rank-memory.ts';
import type { RoomRange } from '../sim/memory/room-range.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { gib, MIB } from '../sim/units.ts';
import { adviceLines, wouldNotStart } from './advice.ts';
import { headingOf, startedText } from './heading.ts';
import { counted, number } from './text.ts';

const LABEL_WIDTH = 18;
const COLUMN_WIDTH = 14;
const BAR_WIDTH = 60;
/** Kinds of rank that fit beside each other. */
const MOST_COLUMNS = 6;

interface Line {
  readonly label: string;
  readonly bytes: (rank: RankMemory) => number;
  /** Part of the line above: dimmed, and left out of the bar. */
  readonly detail?: boolean;
  /** In the bar; none = not part of it. */
  readonly sign?: string;
  readonly paint?: (text: string) => string;
}

const LINES: readonly Line[] = [
  { label: 'GPU', bytes: (rank) => rank.totalBytes },
  { label: 'for vLLM', bytes: (rank) => rank.budgetBytes, detail: true },
  { label: 'other processes', bytes: (rank) => rank.otherBytes, sign: 'x', paint: pc.gray },
  { label: 'weights', bytes: (rank) => rank.weightBytes, sign: '█', paint: pc.blue },
  { label: '  embeddings', bytes: (rank) => rank.weights.embedding, detail: true },
  { label: '  attention', bytes: (rank) => rank.weights.attention, detail: true },
  { label: '  MLP, norms', bytes: (rank) => rank.weights.mlp, detail: true },
  { label: '  experts', bytes: (rank) => rank.weights.experts, detail: true },
  { label: '  encoder', bytes: (rank) => rank.weights.encoder, detail: true },
  { label: '  kept on host', bytes: (rank) => -rank.offloadedBytes, detail: true },
  { label: 'drafter', bytes: (rank) => rank.drafterBytes, sign: '▚', paint: pc.blue },
  { label: 'load balancer', bytes: (rank) => rank.balancerBytes, sign: '▞', paint: pc.blue },
  { label: 'activation peak', bytes: (rank) => rank.activationBytes, sign: '▓', paint: pc.magenta },
  { label: '  of the MLP', bytes: (rank) => rank.activation.mlp, detail: true },
  { label: '  of the sampler', bytes: (rank) => rank.activation.sampler, detail: true },
  { label: '  of the encoder', bytes: (rank) => rank.activation.encoder, detail: true },
  { label: 'outside torch', bytes: (rank) => rank.nonTorchBytes, sign: '▒', paint: pc.yellow },
  { label: 'CUDA graphs', bytes: (rank) => rank.cudaGraphBytes, sign: '+', paint: pc.yellow },
  { label: 'KV cache', bytes: (rank) => rank.kvCacheBytes, sign: '░', paint: pc.green },
  { label: 'left', bytes: leftBytes },
];

/** What a start takes on every rank, as a table with a bar, and what vLLM says of it. */
export function planReport(scenario: Scenario, plan: Plan): string {
  const lines = [headingOf(scenario), row('start', verdictOf(scenario, plan))];
  if (plan.ranks.length > 0) lines.push('', ...memoryTable(plan.ranks), '', ...allocatorRows(plan.ranks));
  if (plan.host !== null) lines.push(hostRow(plan.host));
  if (plan.starts) {
    const { numGpuBlocks, groups, hashBlockSize } = plan.pool;
    const inGroups = groups.length > 1 ? ` · cache groups: ${groupNames(groups)}` : '';
    lines.push(
      row(
        'pool',
        `${counted(numGpuBlocks, 'block')} of ${counted(hashBlockSize, 'token')}${giveOrTake(plan.range)}${inGroups}`,
      ),
      ...plan.log.map((text, i) => row(i === 0 ? 'vLLM logs' : '', pc.dim(text))),
    );
  } else {
    lines.push(...adviceLines(plan).map(([label, text]) => row(label, text)));
  }
  return [...lines, ...plan.notes.map((note) => pc.dim(row('note', note)))].join('\n');
}

/** ", give or take 225 (0.33 GiB)". */
function giveOrTake(range: RoomRange | null): string {
  if (range === null) return '';
  return `, give or take ${number(Math.round((range.most - range.fewest) / 2))} (${gib(range.bytes)} GiB)`;
}

/** What a newcomer asks first. */
function verdictOf(scenario: Scenario, plan: Plan): string {
  if (!plan.starts) return pc.red(wouldNotStart(plan));
  const requests = `${plan.maxConcurrency.toFixed(2)} requests of ${number(plan.scheduler.maxModelLen)}`;
  return `${pc.green(startedText(scenario))}, with room for ${number(plan.kvCacheTokens)} tokens: ${requests}`;
}

/** "1 × full, 6 × sliding_window 1,024". */
function groupNames(groups: Extract<Plan, { starts: true }>['pool']['groups']): string {
  const counts = new Map<string, number>();
  const smallest = Math.min(...groups.map(({ blockSize }) => blockSize));
  for (const { kind, window, blockSize } of groups) {
    const larger = blockSize > smallest ? ` in blocks of ${blockSize}` : '';
    const name = (kind === 'full' ? kind : `${kind} ${number(window)}`) + larger;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ');
}

/** One column for each kind of rank: those that hold the same are one. */
function memoryTable(ranks: readonly RankMemory[]): string[] {
  const kinds = kindsOf(ranks);
  const shown = kinds.slice(0, MOST_COLUMNS);
  const table = [
    pc.dim(row('GiB', shown.map(({ name }) => name.padStart(COLUMN_WIDTH)).join(''))),
    ...LINES.filter(({ bytes }, i) => i < 2 || shown.some(({ rank }) => bytes(rank) !== 0)).map(
      ({ label, bytes, detail }) => {
        const text = row(label, shown.map(({ rank }) => gib(bytes(rank)).padStart(COLUMN_WIDTH)).join(''));
        return detail ? pc.dim(text) : text;
      },
    ),
    row('room, blocks', shown.map(({ rank }) => number(rank.numBlocks).padStart(COLUMN_WIDTH)).join('')),
  ];
  if (kinds.length > shown.length)
    table.push(row('', `and ${kinds.length - shown.length} more kinds of rank`));
  const legend = LINES.filter(
    ({ sign, bytes }) => sign !== undefined && shown.some(({ rank }) => bytes(rank) > 0),
  ).map(({ sign = '', label, paint = String }) => `${paint(sign)} ${label}`);
  return [
    ...table,
    '',
    ...shown.map(({ name, rank }) => row(name, bar(rank))),
    pc.dim(row('', `${legend.join('  ')}  · left`)),
  ];
}

function kindsOf(ranks: readonly RankMemory[]): { name: string; rank: RankMemory }[] {
  const kinds = new Map<string, RankMemory[]>();
  for (const rank of ranks) {
    const key = LINES.map(({ bytes }) => bytes(rank)).join();
    kinds.set(key, [...(kinds.get(key) ?? []), rank]);
  }
  return [...kinds.values()].map((members) => ({
    name: rangeOf(members.map(({ rank }) => rank)),
    rank: members[0],
  }));
}

function rangeOf(ranks: readonly number[]): string {
  const first = ranks[0];
  const last = ranks[ranks.length - 1];
  if (ranks.length === 1) return `rank ${first}`;
  return last - first === ranks.length - 1 ? `ranks ${first}–${last}` : `${ranks.length} ranks, ${first}…`;
}

/** The parts of a GPU's memory to scale; what does not fit into it runs over the end, in red. */
function bar(rank: RankMemory): string {
  const parts = LINES.filter(({ sign }) => sign !== undefined);
  let text = '';
  let width = 0;
  let bytesSoFar = 0;
  for (const { bytes, sign = '', paint = String } of parts) {
    bytesSoFar += bytes(rank);
    const end = Math.min(BAR_WIDTH + 10, Math.round((bytesSoFar / rank.totalBytes) * BAR_WIDTH));
    const inside = Math.max(0, Math.min(end, BAR_WIDTH) - width);
    const over = Math.max(0, end - Math.max(width, BAR_WIDTH));
    text += paint(sign.repeat(inside)) + pc.red(sign.repeat(over));
    width = Math.max(width, end);
  }
  return `|${text}${'·'.repeat(Math.max(0, BAR_WIDTH - width))}|`;
}

function leftBytes(rank: RankMemory): number {
  return (
    rank.totalBytes -
    rank.otherBytes -
    rank.weightBytes -
    rank.balancerBytes -
    rank.drafterBytes -
    rank.activationBytes -
    rank.nonTorchBytes -
    rank.cudaGraphBytes -
    rank.kvCacheBytes
  );
}

/** What PyTorch's allocator holds after the start, or when it failed; of the rank that holds the most. */
function allocatorRows(ranks: readonly PlannedRank[]): string[] {
  const { rank, allocator } = ranks.reduce((most, one) =>
    one.allocator.reservedBytes > most.allocator.reservedBytes ? one : most,
  );
  const { reservedBytes, allocatedBytes, inactiveSplitBytes, largestFreeBlock } = allocator;
  const where = ranks.length > 1 ? `rank ${rank}: ` : '';
  return [
    row(
      'PyTorch',
      `${where}reserved ${gib(reservedBytes)}, allocated ${gib(allocatedBytes)} GiB; fragmented (inactive split) ${mib(inactiveSplitBytes)} MiB, largest free block ${mib(largestFreeBlock)} MiB`,
    ),
  ];
}

function hostRow({ processes, loading, offload, swap, peak, pageCache, limit }: HostMemory): string {
  const parts = Object.entries({ processes, 'files read': loading, offload, 'pinned swap': swap })
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => `${name} ${gib(bytes)}`);
  const of = limit === null ? '' : ` of ${gib(limit)}`;
  return row(
    'host',
    `${gib(peak)}${of} GiB (${parts.join(', ')}); files in the page cache ${gib(pageCache)}`,
  );
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`.trimEnd();
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
