import type { Recording } from '../../../sim/recording/recording.ts';
import type { ScenarioSource } from '../../../sim/share/fragment.ts';
import { scenario } from '../experiments/lab.ts';

export const BLOCK = 16;

/** A small model of today's vLLM on a small card. */
export function serving(name: string, flags: string, workload: string): ScenarioSource {
  return scenario(
    name,
    `version: 1
name: ${name}
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} ${flags}
hardware: { gpu: l4, count: 1 }
workload: { ${workload} }
`,
  );
}

export function mostRunning({ steps }: Recording): number {
  return steps.numRunning.reduce((most, running) => Math.max(most, running), 0);
}
