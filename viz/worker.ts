import { stringify } from 'yaml';
import { InputError } from '../sim/error.ts';
import { adviceText, type Plan } from '../sim/memory/plan.ts';
import { plan as planOf } from '../sim/memory/planner.ts';
import { type RankStrip, rankStrips } from '../sim/memory/rank-strip.ts';
import { type SizingFlags, sizingFlags } from '../sim/memory/resolve.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { parseLocatedYaml } from '../sim/scenario/located-yaml.ts';
import { applyOverrides, parseOverride } from '../sim/scenario/overrides.ts';
import { parseScenario } from '../sim/scenario/parse.ts';
import type { FlagValue, Scenario } from '../sim/scenario/scenario.ts';
import type { ScenarioSource } from '../sim/share/fragment.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';
import { type Settings, settingsOf } from './editor/settings.ts';

/** What the page asks of the worker: to run a scenario, or to plan its start-up with other flags. */
export type WorkerRequest =
  | { readonly ask: 'run'; readonly source: ScenarioSource }
  /** The scenario as one file, with the fields that are set over it. */
  | { readonly ask: 'merge'; readonly source: ScenarioSource }
  | {
      readonly ask: 'plan';
      readonly source: ScenarioSource;
      /** snake_case flag → value. */
      readonly flags: Readonly<Record<string, FlagValue>>;
      readonly id: number;
    };

/** A plan as the page shows it. */
export interface PlanAnswer {
  readonly starts: boolean;
  /** What comes of it, in a sentence. */
  readonly verdict: string;
  readonly strips: readonly RankStrip[];
}

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly kind: 'progress'; readonly share: number; readonly numSteps: number }
  | {
      readonly kind: 'recording';
      readonly recording: Recording;
      readonly sizing: SizingFlags;
      readonly settings: Settings;
    }
  | {
      readonly kind: 'would-not-start';
      readonly message: string;
      readonly advice: string;
      readonly strips: readonly RankStrip[];
      readonly sizing: SizingFlags;
      readonly settings: Settings;
    }
  | { readonly kind: 'merged'; readonly text: string }
  | { readonly kind: 'plan'; readonly id: number; readonly plan: PlanAnswer }
  | { readonly kind: 'problems'; readonly problems: InputError['problems'] }
  | { readonly kind: 'fault'; readonly message: string };

self.onmessage = ({ data }: MessageEvent<WorkerRequest>) => {
  try {
    if (data.ask === 'run') run(data.source);
    else if (data.ask === 'merge') answer({ kind: 'merged', text: mergedText(data.source) });
    else answer({ kind: 'plan', id: data.id, plan: whatIf(read(data.source), data.flags) });
  } catch (error) {
    if (error instanceof InputError) answer({ kind: 'problems', problems: error.problems });
    else answer({ kind: 'fault', message: error instanceof Error ? error.message : String(error) });
  }
};

function answer(message: WorkerAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

function read({ text, file, sets }: ScenarioSource): Scenario {
  return parseScenario(text, file, { overrides: sets.map(parseOverride) });
}

function mergedText({ text, file, sets }: ScenarioSource): string {
  if (sets.length === 0) return text;
  return stringify(applyOverrides(parseLocatedYaml(text, file), sets.map(parseOverride)).value);
}

function run(source: ScenarioSource): void {
  const scenario = read(source);
  // Of several engines, the page shows the first.
  const {
    plan,
    replicas: [recording],
  } = simulateScenario(scenario, {
    progress(share, numSteps) {
      answer({ kind: 'progress', share, numSteps });
      return false;
    },
  });
  const sizing = sizingFlags(scenario);
  const settings = settingsOf(scenario);
  if (recording === undefined) {
    if (plan.starts) return;
    const { message } = plan;
    const advice = adviceText(plan);
    answer({ kind: 'would-not-start', message, advice, strips: rankStrips(plan), sizing, settings });
    return;
  }
  const { steps, events, spans, requests } = recording;
  const buffers = [steps, events, spans, requests].flatMap((table) =>
    Object.values(table).map((column) => column.buffer),
  );
  answer({ kind: 'recording', recording, sizing, settings }, buffers);
}

/** The start-up with other flags, on as many GPUs as they need. */
function whatIf(scenario: Scenario, flags: Readonly<Record<string, FlagValue>>): PlanAnswer {
  const honoured = { ...scenario.engine.honoured, ...flags };
  // An overridden number of blocks would hide what the flags do.
  if ('gpu_memory_utilization' in flags || 'tensor_parallel_size' in flags || 'block_size' in flags) {
    Reflect.deleteProperty(honoured, 'num_gpu_blocks_override');
  }
  const needed = Number(flags.tensor_parallel_size ?? 1);
  const count = Math.max(scenario.hardware.count, needed);
  const plan = planOf({
    ...scenario,
    engine: { ...scenario.engine, honoured },
    hardware: { ...scenario.hardware, count },
  });
  return { starts: plan.starts, verdict: verdictOf(plan), strips: rankStrips(plan) };
}

function verdictOf(plan: Plan): string {
  if (!plan.starts) return `Would not start. ${plan.message} Advice: ${adviceText(plan)}`;
  const { numGpuBlocks, groups } = plan.pool;
  const count = (n: number) => n.toLocaleString('en-US');
  return (
    `Starts with ${count(numGpuBlocks)} blocks of ${groups[0].blockSize} tokens: ` +
    `${plan.maxConcurrency.toFixed(1)} requests of ${count(plan.scheduler.maxModelLen)} tokens fit at once.`
  );
}
