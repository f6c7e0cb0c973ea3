import { adviceText, type Plan } from '../../sim/memory/plan.ts';
import { rankStrips } from '../../sim/memory/planned-strips.ts';
import { plan as planOf } from '../../sim/memory/planner.ts';
import { type SizingFlags, sizingFlags } from '../../sim/memory/startup-input.ts';
import { describeGpus } from '../../sim/scenario/describe-gpus.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { FlagValue } from '../../sim/scenario/stated-flags.ts';
import { type Settings, settingsOf } from '../editor/settings.ts';
import type { PlanAnswer, WorkerAnswer } from './messages.ts';

/** What became of a start, and what the scenario's fields come to. */
export type Started =
  | {
      readonly plan: Extract<Plan, { starts: true }>;
      readonly sizing: SizingFlags;
      readonly settings: Settings;
    }
  | { readonly plan: null; readonly refusal: WorkerAnswer };

export function start(scenario: Scenario): Started {
  const plan = planOf(scenario);
  const sizing = sizingFlags(scenario);
  const settings = settingsOf(scenario);
  if (plan.starts) return { plan, sizing, settings };
  const { message, advice, remedies, range } = plan;
  const about = `${scenario.model.name} · ${describeGpus(scenario.hardware)}`;
  const strips = rankStrips(plan);
  return {
    plan: null,
    refusal: { kind: 'would-not-start', about, message, advice, remedies, range, strips, sizing, settings },
  };
}

/** The start-up with other flags, on as many GPUs as they need. */
export function whatIf(scenario: Scenario, flags: Readonly<Record<string, FlagValue>>): PlanAnswer {
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
  const strips = rankStrips(plan);
  const { range } = plan;
  if (!plan.starts) return { fit: null, range, message: plan.message, advice: adviceText(plan), strips };
  const { pool, maxConcurrency, scheduler } = plan;
  const { numGpuBlocks: numBlocks, groups } = pool;
  const fit = {
    numBlocks,
    blockSize: groups[0].blockSize,
    maxConcurrency,
    maxModelLen: scheduler.maxModelLen,
  };
  return { fit, range, message: '', advice: '', strips };
}
