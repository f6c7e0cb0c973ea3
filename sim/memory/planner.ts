import { problemAt } from '../error.ts';
import type { V0Settings } from '../recording/recording.ts';
import type { ForkSpec } from '../scenario/fork.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import { type SchedulerSwitch, switched } from '../scheduler/switch.ts';
import { GIB } from '../units.ts';
import { grouped } from '../words.ts';
import { allocatorConfOf } from './allocator-conf.ts';
import { checkArguments } from './argument-checks.ts';
import { usesAsyncScheduling } from './async-scheduling.ts';
import type { BatchLimits } from './batch-limits.ts';
import { blockSizeOf } from './block-size.ts';
import type { Refusal } from './check.ts';
import { type Drafting, draftingOf, lookaheadOf } from './drafting.ts';
import { unreadVariables } from './environment.ts';
import { fitsLength, withFittedLength } from './fitted-length.ts';
import { flagsOf, numberOf } from './flags.ts';
import { compilationOf, READ_KEYS } from './graph-flags.ts';
import { hostMemory, killedWhileLoading, killedWhilePinning } from './host.ts';
import { smallestBlockSize } from './kv-layout.ts';
import { logLines } from './log-lines.ts';
import type { Plan } from './plan.ts';
import { remediesFor } from './remedies.ts';
import { checkpointNote, type ResolvedHardware, resolveHardware } from './resolve.ts';
import { nearLimit, roomRange } from './room-range.ts';
import { allocateRanks } from './start-allocation.ts';
import { startRefusal } from './start-failures.ts';
import { type Startup, type StartupInput, startUp } from './startup.ts';
import { limitsOf, startupInputOf } from './startup-input.ts';
import { DEFAULT_SWAP_GIB, swapWarning } from './swap-check.ts';

/**
 * What vLLM would make of a scenario at start-up: its memory rank by rank, the number of blocks and the
 * resolved scheduler; or why it would not start, in its own words, and with which changes it would.
 * @throws InputError for a model or GPU that the catalogue does not know, and for a fork that vLLM would refuse.
 */
export function plan(scenario: Scenario): Plan {
  const planned = attempt(scenario);
  const { fork } = scenario;
  if (planned.starts && fork !== null)
    return { ...planned, switch: switchOf(scenario, fork, planned.scheduler) };
  if (planned.starts || !CAN_BE_MENDED.includes(planned.because)) return planned;
  return { ...planned, remedies: remediesFor(scenario, planned, attempt) };
}

/** The scheduler that vLLM would start with the fork's flags has what it goes on with; the pool stays as it was. */
function switchOf(
  scenario: Scenario,
  { step, flags }: ForkSpec,
  scheduler: SchedulerConfig,
): SchedulerSwitch {
  const { engine } = scenario;
  const other = attempt({ ...scenario, engine: { ...engine, honoured: { ...engine.honoured, ...flags } } });
  if (!other.starts) {
    throw problemAt(scenario, 'fork.set', `vLLM would not start with these: ${other.message}`);
  }
  return { step, to: switched(scheduler, other.scheduler) };
}

/** Failures for want of GPU memory. */
const CAN_BE_MENDED: readonly string[] = [
  'weights-do-not-fit',
  'no-kv-cache-memory',
  'kv-cache-too-small',
  'allocation-failed',
];

function attempt(scenario: Scenario): Plan {
  const { engine } = scenario;
  const notes = [...scenario.notes];
  const checkpoint = checkpointNote(scenario);
  if (checkpoint !== null) notes.push(checkpoint);
  if (engine.ignored.length > 0) {
    notes.push(
      `touch neither memory nor scheduling: ${engine.ignored.map((name) => `--${name}`).join(', ')}`,
    );
  }
  const others = unreadVariables(scenario);
  if (others.length > 0) notes.push(`environment variables that are left out: ${others.join(', ')}`);
  const refused = (refusal: Refusal): Plan => ({
    starts: false,
    ...refusal,
    remedies: [],
    limits: null,
    ranks: [],
    host: null,
    range: null,
    notes,
  });
  const unparsed = parserRefusal(scenario);
  if (unparsed !== null) return refused(unparsed);
  const hardware = resolveHardware(scenario);
  const limits = limitsOf(scenario, hardware);
  const args = { scenario, ...hardware, limits, blockSize: blockSizeOf(scenario, hardware) };
  const wrong = checkArguments(args);
  if (wrong !== null) return refused(wrong);
  const allocatorConf = allocatorConfOf(scenario);
  if ('because' in allocatorConf) return refused(allocatorConf);
  const warning = swapWarning(args);
  if (warning !== null) notes.push(`vLLM warns: ${warning}`);
  const asked = startupInputOf(scenario, hardware, limits, allocatorConf);
  const fitted = fitsLength(scenario) ? withFittedLength(asked) : null;
  if (fitted !== null) notes.push(lengthNote(fitted.limits.maxModelLen, limits.maxModelLen));
  const input = fitted ?? asked;
  return planStart(scenario, input, [...notes, ...notesOn(scenario, hardware, input)]);
}

function lengthNote(fitted: number, whole: number): string {
  const [some, all] = [fitted, whole].map(grouped);
  return fitted === whole
    ? `--max-model-len auto: all ${all} tokens of the model fit`
    : `--max-model-len auto: ${some} of the model's ${all} tokens fit`;
}

/** argparse stops at the first bad value, and names what it does not know only at the end. */
function parserRefusal({ engine: { invalid, unrecognized } }: Scenario): Refusal | null {
  if (invalid.length > 0) {
    const [{ text, advice }] = invalid;
    return { because: 'invalid-argument', message: `error: ${text}`, advice };
  }
  if (unrecognized.length === 0) return null;
  return {
    because: 'unrecognized-argument',
    message: `error: unrecognized arguments: ${unrecognized.map(({ text }) => text).join(' ')}`,
    advice: unrecognized.map(({ advice }) => advice).join('; '),
  };
}

/** The start of an engine whose arguments are accepted: memory of GPUs and host, until it is ready or fails. */
function planStart(scenario: Scenario, input: StartupInput, remarks: readonly string[]): Plan {
  const startup = startUp(input);
  const allocations = allocateRanks(input, startup);
  const blockBytes = Math.max(...startup.ranks.map((rank) => rank.blockBytes));
  const isV0 = input.rules.engine === 'v0';
  const swapBytes = numberOf(flagsOf(scenario)('swap_space'), DEFAULT_SWAP_GIB) * GIB;
  const numCpuBlocks = isV0 ? Math.max(0, Math.floor(swapBytes / blockBytes)) : 0;
  const host = hostMemory(scenario, input, startup, numCpuBlocks);
  const refusal =
    killedWhileLoading(scenario, host) ??
    startRefusal(input, startup, allocations) ??
    killedWhilePinning(scenario, host);
  const hangsOnRoom = refusal === null || refusal.because === 'kv-cache-too-small';
  const range = hangsOnRoom ? roomRange(input, startup) : null;
  const notes = range?.decides
    ? [...remarks, nearLimit(range, refusal === null, input.limits.maxModelLen)]
    : remarks;
  // Without blocks enough there is no KV cache to be allocated.
  const endsBefore = refusal?.because === 'no-kv-cache-memory' || refusal?.because === 'kv-cache-too-small';
  const ranks = startup.ranks.map((rank, i) => {
    const { profiled, report } = allocations[i];
    return { ...rank, allocator: endsBefore ? profiled : report };
  });
  if (refusal !== null) {
    return { starts: false, ...refusal, remedies: [], limits: input.limits, ranks, host, range, notes };
  }
  return {
    starts: true,
    pool: poolConfig(scenario, startup),
    scheduler: schedulerConfig(scenario, input.limits),
    kvBytesPerToken: startup.layout.layerBytes.reduce((sum, bytes) => sum + bytes, 0),
    blockBytes,
    range,
    v0: isV0 ? v0Settings(scenario, numCpuBlocks) : null,
    kvCacheTokens: startup.kvCacheTokens,
    maxConcurrency: startup.maxConcurrency,
    ranks,
    host,
    log: logLines(input, startup, numCpuBlocks),
    notes,
  };
}

function poolConfig(scenario: Scenario, { numBlocks, layout }: Startup): PoolConfig {
  const stated = flagsOf(scenario)('enable_prefix_caching') as boolean | null;
  return {
    numGpuBlocks: numBlocks,
    enablePrefixCaching: stated ?? scenario.vllm !== '0.6.3',
    // The block sizes of groups are multiples of the smallest, which then is their greatest common divisor.
    hashBlockSize: smallestBlockSize(layout),
    groups: layout.groups,
  };
}

function notesOn(scenario: Scenario, { architecture }: ResolvedHardware, input: StartupInput): string[] {
  const notes: string[] = [];
  const isV0 = scenario.vllm === '0.6.3';
  if (input.numBlocksOverride !== null) {
    notes.push(`the number of blocks is overridden: ${input.numBlocksOverride}`);
  }
  if (architecture.isMultimodal) {
    notes.push("the encoder's weights and its peak while profiling are rough estimates");
  }
  if (isV0 && architecture.localAttention !== null) {
    notes.push('V0 keeps the whole context for sliding-window layers too');
  }
  if (usesAsyncScheduling(scenario) && !simulatesAsync(scenario)) {
    notes.push(
      'simulated without async scheduling: replicas that share experts wait for each other after every step',
    );
  }
  if ((input.parallel.contextRanks ?? 1) > 1) {
    notes.push('step times leave out what decode context parallelism saves and exchanges');
  }
  if (input.lora && architecture.moe !== null) notes.push('LoRA slots of experts are not modelled');
  const unread = Object.keys(compilationOf(scenario)).filter((key) => !READ_KEYS.includes(key));
  if (unread.length > 0) notes.push(`left out of --compilation-config: ${unread.join(', ')}`);
  const { drafter } = input;
  if (drafter?.model === null) {
    notes.push('the draft model is not in the catalogue: its memory is left out');
  } else if (drafter) {
    notes.push(
      drafter.statesIn > 0
        ? "who drafts has one layer like the model's last, for what its config.json does not say"
        : 'activations and CUDA graphs of the draft model are left out',
    );
  }
  return notes;
}

/** vLLM 0.6.3's block manager leaves this share of the blocks free when it admits. */
const WATERMARK = 0.01;

function v0Settings(scenario: Scenario, numCpuBlocks: number): V0Settings {
  const flag = flagsOf(scenario);
  const mode = flag('preemption_mode');
  // vLLM turns it off without CUDA graphs and across pipeline stages.
  const canBeAsync = flag('enforce_eager') !== true && numberOf(flag('pipeline_parallel_size'), 1) === 1;
  return {
    numCpuBlocks,
    watermark: WATERMARK,
    // vLLM takes any word, and swaps for "swap" only.
    preemptionMode: mode === null ? null : mode === 'swap' ? 'swap' : 'recompute',
    delayFactor: numberOf(flag('scheduler_delay_factor'), 0),
    asyncOutputProc: canBeAsync && flag('disable_async_output_proc') !== true,
  };
}

/** vLLM's choice, but for replicas that wait for each other: there it is not modelled. */
function simulatesAsync(scenario: Scenario): boolean {
  if (!usesAsyncScheduling(scenario)) return false;
  const { architecture, parallel } = resolveHardware(scenario);
  return architecture.moe === null || parallel.data === 1;
}

/** Room in a step for the slots that drafting adds (vLLM `_set_max_num_scheduled_tokens`); null = none are added. */
function scheduledTokens({ extraSlots }: Drafting, limits: BatchLimits): number | null {
  return extraSlots === 0 ? null : limits.maxNumBatchedTokens - extraSlots * limits.maxNumSeqs;
}

function schedulerConfig(scenario: Scenario, limits: BatchLimits): SchedulerConfig {
  const flag = flagsOf(scenario);
  const drafting = draftingOf(scenario);
  return {
    maxNumSeqs: limits.maxNumSeqs,
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumScheduledTokens: drafting === null ? null : scheduledTokens(drafting, limits),
    maxModelLen: limits.maxModelLen,
    enableChunkedPrefill: limits.enableChunkedPrefill,
    longPrefillTokenThreshold: limits.longPrefillTokenThreshold,
    schedulerReserveFullIsl: (flag('scheduler_reserve_full_isl') as boolean | null) ?? true,
    policy: flag('scheduling_policy') === 'priority' ? 'priority' : 'fcfs',
    asyncScheduling: simulatesAsync(scenario),
    numSpeculativeTokens: drafting?.numTokens ?? 0,
    numLookaheadTokens:
      scenario.vllm === '0.6.3'
        ? numberOf(flag('num_lookahead_slots'), 0)
        : drafting === null
          ? 0
          : lookaheadOf(drafting),
    useEagle: drafting?.readsHiddenStates ?? false,
  };
}
