import { describe, expect, test } from 'vitest';
import { findGpu } from '../../../sim/catalog/gpus.ts';
import { simulate } from '../../../sim/engine/simulate.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { stepTimeOf } from '../../../sim/scenario-time.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { hostTransfer } from '../../../sim/time/transfer.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';

function scenarioOf(command: string, vllm: string, workload: string) {
  const text = `version: 1\nvllm: "${vllm}"\ncommand: ${command}\nhardware: {gpu: a100-80g}\nworkload: ${workload}\n`;
  return parseScenario(text, 'transfer.pool.yaml');
}

function run(command: string, vllm: string, workload: string) {
  const { recording } = simulateScenario(scenarioOf(command, vllm, workload));
  if (recording === null) throw new Error('it does not start');
  return recording;
}

const LLAMA = 'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 2048';
const ONE = '{num-prompts: 1, request-rate: 1, input-len: 10, output-len: 3}';

describe('what crosses PCIe', () => {
  test('a start for each copy, and bytes by bandwidth; nothing for nothing', () => {
    const gpu = findGpu('a100-80g')!;
    expect(hostTransfer(gpu, 25e9)).toBeCloseTo(1 + 10e-6, 9);
    expect(hostTransfer(gpu, 25e9, 100)).toBeCloseTo(1 + 1000e-6, 9);
    expect(hostTransfer(gpu, 0)).toBe(0);
  });

  test('offloaded weights are read in every step, and no more of them than there are', () => {
    const stepNs = (flags: string) => {
      const { steps } = run(`${LLAMA} ${flags}`, '2026-05', ONE);
      return steps.endNs[1] - steps.startNs[1];
    };
    const none = stepNs('');
    expect(stepNs('--cpu-offload-gb 4') - none).toBeCloseTo((4 * 1024 ** 3) / 25 + 10e3, -3);
    expect(stepNs('--cpu-offload-gb 100')).toBe(stepNs('--cpu-offload-gb 50'));
  });

  test("V0's swaps take time, and every block is counted in its step", () => {
    const flags = `${LLAMA} --num-gpu-blocks-override 130 --swap-space 1 --preemption-mode swap`;
    const scenario = scenarioOf(flags, '0.6.3', ONE);
    const planned = plan(scenario);
    if (!planned.starts || planned.v0 === null) throw new Error('it does not start');
    const builder = new WorkloadBuilder();
    for (let i = 0; i < 8; i++) {
      builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, 100]], maxTokens: 400 });
    }
    const model = stepTimeOf(scenario);
    let blocks = 0;
    let extraNs = 0;
    const { header } = simulate({
      name: 'swaps',
      seed: 0,
      vllm: '0.6.3',
      pool: planned.pool,
      scheduler: planned.scheduler,
      v0: planned.v0,
      workload: builder.finish(),
      stepTime: {
        stepNs(batch) {
          blocks += batch.swappedBlocks ?? 0;
          const ns = model.stepNs(batch);
          extraNs += ns - model.stepNs({ ...batch, swappedBlocks: 0 });
          return ns;
        },
      },
    });
    const { swappedOut, swappedIn } = header.traffic!;
    expect(swappedOut).toBeGreaterThan(0);
    expect(blocks).toBe(swappedOut + swappedIn);
    // 2 MiB a block, at 25 GB/s, in 64 copies: keys and values of 32 layers. Each step's duration is a whole ns.
    expect(extraNs / (blocks * ((2 * 1024 ** 2) / 25 + 64 * 10e3))).toBeCloseTo(1, 4);
  });
});
