import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPUS } from '../../../sim/catalog/gpus.ts';
import { MODELS } from '../../../sim/catalog/models.ts';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

interface Setup {
  readonly command: string;
  readonly gpu: string;
  readonly vllm: string;
  readonly otherGib: number;
}

/** On as many GPUs as the command asks for. */
function planOf({ command, gpu, vllm, otherGib }: Setup): Plan {
  const sizes = [...command.matchAll(/--(?:tensor|pipeline|data)-parallel-size (\d+)/g)];
  const count = sizes.reduce((product, [, size]) => product * Number(size), 1);
  const hardware = `{gpu: ${gpu}, count: ${count}, other-gib: ${otherGib}}`;
  return plan(
    parseScenario(
      `version: 1\nvllm: "${vllm}"\ncommand: ${JSON.stringify(command)}\nhardware: ${hardware}\n`,
      's.yaml',
    ),
  );
}

/** The setup with what a remedy says, read as a user reads it; null = another checkpoint, which is no flag. */
function follow(remedy: string, setup: Setup): Setup | null {
  if (remedy.includes('checkpoint')) return null;
  if (remedy.startsWith('end the other processes')) return { ...setup, otherGib: 0 };
  const without = (command: string, flag: string) =>
    command.replace(new RegExp(` --${flag}( [^-]\\S*)?(?= |$)`), '');
  const said = remedy.replace(/\([^)]*\)/g, '');
  let { command } = setup;
  if (said.startsWith('leave ')) {
    for (const [, flag] of said.matchAll(/--([a-z-]+)/g)) command = without(command, flag);
    return { ...setup, command };
  }
  const [set, dropped = ''] = said.split(' without ');
  for (const [, flag] of dropped.matchAll(/--([a-z-]+)/g)) command = without(command, flag);
  const flags = [...set.matchAll(/--([a-z-]+)(?: ([\d.]+|fp8))?/g)];
  for (const [, flag, value] of flags) {
    command = `${without(command, flag)} --${flag}${value === undefined ? '' : ` ${value}`}`;
  }
  return { ...setup, command };
}

const OFFERED = ['2026-05', '0.6.3'].flatMap((vllm) =>
  MODELS.flatMap(({ name }) => GPUS.map(({ id }) => ({ name, gpu: id, vllm }))),
);

describe('remedies', () => {
  test('every one that is named starts: any model on any GPU', () => {
    const optional = (flag: string, ...values: readonly (number | string)[]) =>
      fc.option(fc.constantFrom(...values.map((value) => ` --${flag} ${value}`)), { nil: '', freq: 3 });
    let numFollowed = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...OFFERED),
        optional('tensor-parallel-size', 2, 4, 8),
        optional('pipeline-parallel-size', 2, 3),
        optional('gpu-memory-utilization', 0.1, 0.3, 0.5, 0.95, 1),
        optional('max-model-len', 1024, 4096, 32_768),
        optional('max-num-seqs', 1, 64, 1024),
        optional('max-num-batched-tokens', 2048, 16_384, 131_072),
        optional('num-gpu-blocks-override', 0, 10, 100_000),
        optional('cpu-offload-gb', 4, 100),
        fc.constantFrom('', '', '', ' --enforce-eager'),
        fc.constantFrom(0, 0, 0, 5, 20),
        ({ name, gpu, vllm }, tp, pp, share, length, seqs, tokens, blocks, offload, eager, otherGib) => {
          const command = `vllm serve ${name}${tp}${pp}${share}${length}${seqs}${tokens}${blocks}${offload}${eager}`;
          const setup = { command, gpu, vllm, otherGib };
          const failed = planOf(setup);
          if (failed.starts) return;
          for (const remedy of failed.remedies) {
            const mended = follow(remedy, setup);
            if (mended === null) continue;
            numFollowed += 1;
            const again = planOf(mended);
            if (!again.starts)
              throw new Error(`${command}: ${remedy} -> ${mended.command}: ${again.message}`);
          }
        },
      ),
      { numRuns: 150, seed: 1 },
    );
    expect(numFollowed).toBeGreaterThan(50);
  });

  const failed = (command: string, gpu: string, otherGib = 0) => {
    const result = planOf({ command, gpu, vllm: '2026-05', otherGib });
    if (result.starts) throw new Error('it starts');
    return result;
  };

  test('a model that is too large: GPUs, weights in fewer bits, or weights on the host, by how much', () => {
    const { remedies } = failed('vllm serve meta-llama/Llama-3.1-70B --max-model-len 8192', 'a100-80g');
    expect(remedies[0]).toBe('2 GPUs, --tensor-parallel-size 2 (1 more to pay for)');
    expect(remedies).toContainEqual(expect.stringMatching(/^a checkpoint in [48] bits \(some accuracy\)$/));
    expect(remedies.join()).toMatch(/--cpu-offload-gb \d+ \(\d+ GiB per GPU cross PCIe in every step/);
  });

  test('who shares the GPU with others is told to end them, and nobody else is', () => {
    const of = (otherGib: number) => {
      const command = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 40000';
      const result = planOf({ command, gpu: 'l4', vllm: '2026-05', otherGib });
      return result.starts ? null : result.remedies;
    };
    expect(of(0)).not.toBeNull();
    expect(of(0)?.join()).not.toContain('processes');
    const fits = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 8192';
    const shared = planOf({ command: fits, gpu: 'l4', vllm: '2026-05', otherGib: 6 });
    if (shared.starts) throw new Error('it starts');
    expect(shared.remedies[0]).toBe('end the other processes on the GPU');
  });

  test('no context below 512 tokens is offered', () => {
    // 381 tokens of 0.5 MiB would fit.
    const command = 'vllm serve meta-llama/Llama-2-7b-hf --kv-cache-memory-bytes 200000000';
    const result = planOf({ command, gpu: 'a100-80g', vllm: '2026-05', otherGib: 0 });
    if (result.starts) throw new Error('it starts');
    expect(result.remedies.length).toBeGreaterThan(0);
    expect(result.remedies.join()).not.toContain('--max-model-len');
  });

  test('one GiB less on the host does not start', () => {
    const command = 'vllm serve meta-llama/Llama-3.1-70B --max-model-len 8192';
    const least = Number(/--cpu-offload-gb (\d+)/.exec(failed(command, 'a100-80g').remedies.join())?.[1]);
    expect(failed(`${command} --cpu-offload-gb ${least - 1}`, 'a100-80g').because).not.toBe('');
  });

  test('MLA is not cut by tensor parallelism, and 20 heads are not divisible by 8', () => {
    const { remedies } = failed('vllm serve zai-org/GLM-4.7-Flash --tensor-parallel-size 4', 'rtx4090d');
    expect(remedies.join()).toMatch(/--max-model-len \d+ or less/);
    expect(remedies.join()).not.toContain('--tensor-parallel-size 8 ');
  });

  test('where no single change helps, several together', () => {
    const { remedies } = failed('vllm serve meta-llama/Llama-3.1-405B', 'a10');
    expect(remedies).toHaveLength(1);
    expect(remedies[0]).toMatch(
      /^16 GPUs, --tensor-parallel-size 16 --max-model-len 4096 .*, a checkpoint in 4 bits$/,
    );
  });

  test('arguments that are refused have none', () => {
    expect(failed('vllm serve meta-llama/Llama-3.1-8B --max-num-seqs x', 'h100').remedies).toEqual([]);
  });
});
