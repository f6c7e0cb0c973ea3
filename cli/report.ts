import pc from 'picocolors';
import type { Plan } from '../sim/memory/plan.ts';
import { oneLine } from '../sim/one-line.ts';
import type { GoodputSlos, Recording } from '../sim/recording/recording.ts';
import type { AllocatorSummary } from '../sim/report/allocator-summary.ts';
import { costOf } from '../sim/report/cost.ts';
import { crashOutcome } from '../sim/report/crash-outcome.ts';
import type { Goodput } from '../sim/report/goodput.ts';
import type { MoeSummary } from '../sim/report/moe-summary.ts';
import type { Statistics } from '../sim/report/statistics.ts';
import type { Summary } from '../sim/report/summary.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { bandsText } from '../sim/time/error-band.ts';
import { timeBasis } from '../sim/time/time-basis.ts';
import { gib } from '../sim/units.ts';
import { plural } from '../sim/words.ts';
import { adviceLines, wouldNotStart } from './advice.ts';
import { headingOf, startedText } from './heading.ts';
import { moeLines } from './moe-report.ts';
import { pipelineLine, replicaLines } from './replica-report.ts';
import { sparkline } from './sparkline.ts';
import { columns, counted, number, percent, row, seconds } from './text.ts';

/** The report of a run, for people. */
export function runReport(
  scenario: Scenario,
  plan: Extract<Plan, { starts: true }>,
  recording: Recording,
  summary: Summary,
  moe: MoeSummary | null,
  replicas: readonly Recording[] = [recording],
): string {
  const { requests, throughput, kvCacheUse, slots } = summary;
  const { numGpuBlocks, hashBlockSize, enablePrefixCaching } = plan.pool;
  const outcomes = [
    `${number(requests.finished)} finished`,
    requests.aborted > 0 && `${number(requests.aborted)} aborted`,
    requests.rejected > 0 && `${number(requests.rejected)} rejected (prompt too long)`,
    requests.unfinished > 0 && pc.yellow(`${number(requests.unfinished)} unfinished`),
  ].filter(Boolean);
  const lines = [
    headingOf(scenario, seedsOf(scenario)),
    row(
      'start',
      `${pc.green(startedText(scenario))}, with room for ${plan.maxConcurrency.toFixed(1)} requests of ${number(plan.scheduler.maxModelLen)} tokens`,
    ),
    row(
      'pool',
      `${counted(numGpuBlocks, 'block')} of ${counted(hashBlockSize, 'token')}, ${bytes(plan.blockBytes)} each${poolNote(recording)}`,
    ),
    row('requests', `${number(requests.total)}: ${outcomes.join(', ')}`),
    row(
      'run',
      `${seconds(summary.simulatedSeconds)} simulated in ${counted(summary.numSteps, 'step')}${endNote(summary)}`,
    ),
  ];
  if (throughput) {
    lines.push(
      row(
        'throughput',
        `${throughput.requestsPerSecond.toFixed(2)} requests/s · ${number(throughput.outputTokensPerSecond)} output tokens/s · ${number(throughput.totalTokensPerSecond)} tokens/s in all`,
      ),
    );
  }
  if (summary.goodput && scenario.workload.goodput) {
    lines.push(row('goodput', goodputText(summary.goodput, scenario.workload.goodput)));
  }
  const cost = costOf(scenario, summary);
  if (cost) {
    lines.push(
      row(
        'cost',
        `${price(cost.perMillionOutputTokens)} a million output tokens · ${price(cost.perMillionTokens)} a million tokens in all · ${price(cost.perHour)} an hour`,
      ),
    );
  }
  if (summary.pipeline) lines.push(row('pipeline', pipelineLine(summary.pipeline)));
  lines.push('', pc.dim(row('', columns(['mean', 'p50', 'p90', 'p99', 'max']))));
  lines.push(
    row('TTFT', statistics(summary.timeToFirstToken)),
    row('TPOT', statistics(summary.timePerOutputToken)),
    ...(summary.interTokenLatency ? [row('ITL', statistics(summary.interTokenLatency))] : []),
    row('end to end', statistics(summary.endToEnd)),
    row('queue', statistics(summary.queueTime)),
    ...basisOf(recording),
    '',
  );
  if (kvCacheUse) {
    lines.push(
      row(
        'KV use',
        `${percent(kvCacheUse.mean)} mean, ${percent(kvCacheUse.max)} max   ${pc.cyan(sparkline(recording))}`,
      ),
    );
  }
  lines.push(
    row(
      'prefix',
      !enablePrefixCaching
        ? 'caching off'
        : summary.prefixHitRate === null
          ? 'nothing looked up'
          : `${percent(summary.prefixHitRate)} of the tokens looked up were cached`,
    ),
    row(
      'preempted',
      summary.numPreemptions === 0
        ? 'nobody'
        : pc.yellow(summary.numPreemptions === 1 ? 'once' : `${number(summary.numPreemptions)} times`),
    ),
  );
  if (recording.header.contiguous) {
    const { policy, placement, externalFragmentation, leastLargestFree } = recording.header.contiguous;
    lines.push(
      row(
        'contiguous',
        `${policy}, ${placement} · external fragmentation ${percent(externalFragmentation)} mean · largest hole at least ${counted(leastLargestFree, 'slot')}`,
      ),
    );
  }
  if (summary.traffic && plan.v0 && !recording.header.contiguous) {
    const { swappedOut, swappedIn, copied, forks } = summary.traffic;
    lines.push(
      row(
        'swap',
        `${counted(plan.v0.numCpuBlocks, 'CPU block')} · ${counted(swappedOut, 'block')} out, ${number(swappedIn)} in`,
      ),
    );
    if (forks > 0) {
      lines.push(
        row('forks', `${counted(forks, 'sequence')} forked · ${counted(copied, 'block')} copied on write`),
      );
    }
  }
  if (slots) {
    lines.push(
      row(
        'slots',
        `tokens ${percent(slots.tokens)} · waste: internal ${percent(slots.internal)}, reserved ${percent(slots.reserved)} · cached-free ${percent(slots.cachedFree)} · free ${percent(slots.free)}`,
      ),
    );
  }
  if (summary.allocator) lines.push(row('allocator', allocatorLine(summary.allocator)));
  if (replicas.length > 1) lines.push('', ...replicaLines(replicas).map(([label, text]) => row(label, text)));
  if (moe) lines.push('', ...moeLines(moe).map(([label, text]) => row(label, text)));
  if (summary.crash) lines.push(row('outcome', pc.red(crashOutcome(summary.crash))));
  return [...lines, ...notes(plan.notes)].join('\n');
}

/** Fragmentation of PyTorch's allocator, which has nothing to do with that of the pool's slots. */
function allocatorLine(allocator: AllocatorSummary): string {
  const { allocatedBytes, peakAllocatedBytes, peakReservedBytes, numAllocRetries } = allocator;
  const retries =
    numAllocRetries === 0
      ? 'no retries'
      : pc.yellow(`${number(numAllocRetries)} ${plural(numAllocRetries, 'retry', 'retries')}`);
  return [
    `GPU ${allocator.rank}: ${gib(peakReservedBytes)} GiB reserved`,
    `${gib(allocatedBytes)} live between steps, ${gib(peakAllocatedBytes)} at most`,
    `in holes (inactive split) ${bytes(allocator.inactiveSplitBytes)}, ${bytes(allocator.peakInactiveSplitBytes)} at most`,
    `largest free block ${bytes(allocator.largestFreeBlock)}`,
    retries,
  ].join(' · ');
}

/** The report of a start that failed, as vLLM would say it, with advice. */
export function failureReport(scenario: Scenario, plan: Extract<Plan, { starts: false }>): string {
  return [
    headingOf(scenario, seedsOf(scenario)),
    row('start', pc.red(wouldNotStart(plan))),
    ...adviceLines(plan).map(([label, text]) => row(label, text)),
    ...notes(plan.notes),
  ].join('\n');
}

/** Whose the pool is, if there are several engines. */
function poolNote({ header: { replica } }: Recording): string {
  if (replica === undefined) return '';
  if (replica.of.kind === 'virtual engine') return ` · shared out among ${replica.count} virtual engines`;
  return ` · in each of ${replica.count} engines`;
}

/** The report is of the first. */
function seedsOf({ seeds }: Scenario): string {
  return seeds.length === 1 ? `seed ${seeds[0]}` : `seed ${seeds[0]} of ${seeds.join(', ')}`;
}

function goodputText({ requestsPerSecond, share }: Goodput, slos: GoodputSlos): string {
  const kept = Object.entries(slos).map(([name, ns]) => `${name} ≤ ${seconds(ns / 1e9)}`);
  const part = share === null ? '' : ` · ${percent(share)} of the finished requests`;
  return `${requestsPerSecond.toFixed(2)} requests/s with ${kept.join(', ')}${part}`;
}

/** How far the times can be trusted. */
function basisOf({ header, numSteps }: Recording): string[] {
  if (header.stepTable !== undefined) {
    const { file, numRows, numClamped } = header.stepTable;
    const text = `user-given: ${counted(numRows, 'row')} of ${oneLine(file)}`;
    if (numClamped === 0) return [pc.dim(row('times', text))];
    const clamped = `${number(numClamped)} of ${counted(numSteps, 'step')} ${plural(numClamped, 'lies outside and takes', 'lie outside and take')} the time at its edge`;
    return [row('times', `${text} · ${pc.yellow(clamped)}`)];
  }
  if (header.timing === undefined) return [];
  const { badge, source, unmeasured, errors } = timeBasis(header.timing);
  const parts = unmeasured.length > 0 ? ` · not measured: ${unmeasured.join(', ')}` : '';
  return [
    pc.dim(row('times', `${badge === 'datasheet' ? 'datasheet: ' : ''}${source}${parts}; see docs/time.md`)),
    pc.dim(row('error', bandsText(errors))),
    pc.dim(row('', `half of ${errors.TPOT.source} were within the first figure, all within the second`)),
  ];
}

function notes(list: readonly string[]): string[] {
  return list.map((note) => pc.dim(row('note', oneLine(note))));
}

function endNote(summary: Summary): string {
  switch (summary.end) {
    case 'hang':
      return pc.red(' · then it hangs: requests wait that can never be scheduled');
    case 'engine-crash':
      return pc.red(` · then the engine dies: ${summary.crash?.error}`);
    case 'step-limit':
      return pc.red(' · stopped at the step limit');
    case 'cancelled':
      return pc.yellow(' · interrupted');
    default:
      return '';
  }
}

function statistics(stats: Statistics | null): string {
  if (stats === null) return '        – no samples';
  return columns([stats.mean, stats.p50, stats.p90, stats.p99, stats.max].map(seconds));
}

/** Three digits at least: 0.0123, 1.23, 1,234. */
function price(value: number): string {
  return value >= 100 ? number(value) : value.toPrecision(3);
}

function bytes(value: number): string {
  return value >= 1024 * 1024
    ? `${(value / 1024 / 1024).toFixed(2)} MiB`
    : `${(value / 1024).toFixed(0)} KiB`;
}
