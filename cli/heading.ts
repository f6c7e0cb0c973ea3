import pc from 'picocolors';
import { clipped, oneLine } from '../sim/one-line.ts';
import { describeGpus } from '../sim/scenario/describe-gpus.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';

/** What served before paging. */
const SYSTEMS = {
  max: 'Orca (Max)',
  pow2: 'Orca (Pow2)',
  oracle: 'Orca (Oracle)',
  static: 'static batches',
} as const;

/** Characters of a part: a model may be called anything. */
const MOST_SHOWN = 300;

/** The first line of a report: what the scenario is about, and what else is to be said of it. */
export function headingOf(scenario: Scenario, ...more: readonly string[]): string {
  const { name, model, vllm, contiguous } = scenario;
  const system = contiguous === null ? `vLLM ${vllm}` : SYSTEMS[contiguous.policy];
  const about = [system, model.name, gpusOf(scenario), ...more];
  return `${pc.bold(oneLine(name))}  ${pc.dim(about.map((text) => clipped(oneLine(text), MOST_SHOWN)).join(' · '))}`;
}

/** The verdict on a start that succeeds. */
export function startedText({ contiguous }: Scenario): string {
  return contiguous === null ? 'vLLM starts' : 'it starts';
}

function gpusOf({ hardware, replicas }: Scenario): string {
  const gpus = describeGpus(hardware);
  return replicas === null ? gpus : `${replicas.count} replicas of ${gpus}`;
}
