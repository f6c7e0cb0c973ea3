import type { MoeSummary } from '../sim/report/moe-summary.ts';
import { counted, percent } from './text.ts';

/** The lines of a run's report that speak of experts: label and text. */
export function moeLines(moe: MoeSummary): [label: string, text: string][] {
  const { memory, buffers, imbalance, rearrangements, cache, routingReuse } = moe;
  const lines: [string, string][] = [
    [
      'experts',
      [
        `${moe.experts} in ${moe.layers} layers${moe.redundant > 0 ? ` and ${moe.redundant} copies` : ''}`,
        moe.ranks === 1
          ? null
          : moe.spread
            ? `spread over ${moe.ranks} ranks`
            : `cut over ${moe.ranks} ranks`,
        `${gib(memory.experts)} a rank`,
        memory.onHost > 0 ? `${gib(memory.onHost)} in host memory` : null,
        memory.shared > 0 ? `shared ${mib(memory.shared)}` : null,
        memory.balancer > 0 ? `load balancer ${mib(memory.balancer)}` : null,
        memory.communication > 0 ? `DeepEP ${gib(memory.communication)}` : null,
      ]
        .filter((part) => part !== null)
        .join(' · '),
    ],
    [
      'buffers',
      `${mib(buffers.peak)} a rank at most, ${mib(buffers.mean)} mean · start-up profiles ${mib(buffers.profiled)}: workspace ${mib(buffers.workspace)}, routing ${mib(buffers.routing)}, all-to-all ${mib(buffers.allToAll)}, shared ${mib(buffers.shared)}`,
    ],
  ];
  const uneven =
    moe.expertImbalance === null ? null : `busiest expert ${times(moe.expertImbalance)} the mean`;
  const ranks =
    imbalance === null
      ? null
      : `busiest rank ${times(imbalance.mean)} the mean, ${times(imbalance.max)} in the worst step, ${times(imbalance.worstLayer)} in one layer`;
  const said = [ranks, uneven].filter((part) => part !== null);
  if (said.length > 0) lines.push(['imbalance', said.join(' · ')]);
  if (rearrangements) {
    const { count, movedBytes, before, after } = rearrangements;
    lines.push([
      'EPLB',
      `${counted(count, 'rearrangement')}: ${times(before)} before, ${times(after)} after · ${gib(movedBytes)} sent around`,
    ]);
  }
  if (cache) {
    const what = cache.slots === 0 ? 'offloaded, no cache' : `${cache.slots} slots a layer, ${cache.policy}`;
    const rate = cache.hitRate === null ? 'never used' : `${percent(cache.hitRate)} hits`;
    lines.push([
      'on host',
      `${what} · ${rate} · ${gib(cache.loadedBytes)} over PCIe, ${cache.stallSeconds.toFixed(1)} s waited for`,
    ]);
  }
  if (routingReuse) {
    const { promptTokens, reusableTokens, gateShare, bytesPerToken } = routingReuse;
    lines.push([
      'reuse',
      `${percent(reusableTokens / promptTokens)} of prompt tokens could reuse routing, which is ${percent(gateShare)} of their FLOPs, for ${bytesPerToken} B a token`,
    ]);
  }
  return [...lines, ...moe.notes.map((note): [string, string] => ['note', note])];
}

const times = (ratio: number) => `${ratio.toFixed(2)} ×`;
const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
const gib = (bytes: number) => `${(bytes / 1024 / 1024 / 1024).toFixed(2)} GiB`;
