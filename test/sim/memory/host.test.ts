import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { GIB, MIB } from '../../../sim/units.ts';

function planOf(command: string, more: Record<string, unknown> = {}, gpu = 'l4', vllm = '0.6.3'): Plan {
  const count = Number(/tensor-parallel-size (\d+)/.exec(command)?.[1] ?? '1');
  return plan(
    parseScenario(JSON.stringify({ version: 1, vllm, command, hardware: { gpu, count }, ...more }), 's.json'),
  );
}

const GLM = 'vllm serve THUDM/glm-4-9b-chat --max-model-len 4096 --enforce-eager';
const container = (limit: number) => ({ host: { 'memory-gib': 16, 'container-limit-gib': limit } });

describe('seed guide 000: GLM-4-9B in a container on an L4', () => {
  test.each([
    [6, 4, false],
    [10, 4, true],
    [6, 0, true],
    [2, 0, false],
  ])('%i GiB and --swap-space %i: starts %s', (limit, swap, starts) => {
    const result = planOf(`${GLM} --swap-space ${swap}`, container(limit));
    expect(result.starts).toBe(starts);
    if (!result.starts) {
      expect(result.because).toBe('host-memory');
      expect(result.message).toContain('Memory cgroup out of memory: Killed process');
    }
  });

  test('the advice says what would be enough, and it is', () => {
    const result = planOf(GLM, container(6));
    if (result.starts) throw new Error('it starts');
    const enough = Number(/a container limit of (\d+) GiB or more/.exec(result.advice)?.[1]);
    expect(planOf(GLM, container(enough)).starts).toBe(true);
    expect(planOf(GLM, container(enough - 1)).starts).toBe(false);
  });

  test('6,553 CPU blocks: 40 tensors of 102.4 MiB, each pinned as 128', () => {
    const { host } = planOf(GLM);
    expect(host?.swap).toBe(40 * 128 * MIB);
    // The mapped checkpoint is counted apart: the kernel takes it back.
    expect((host?.pageCache ?? 0) / GIB).toBeCloseTo(17.54, 1);
    expect(host?.limit).toBeNull();
  });

  test('gpu_memory_utilization does not touch the host', () => {
    const of = (share: number) => planOf(`${GLM} --gpu-memory-utilization ${share}`).host;
    expect(of(0.88)).toEqual(of(0.95));
  });

  test('docker’s own limit counts, and the file’s goes before it', () => {
    const docker = 'docker run --memory=6g vllm/vllm-openai --model THUDM/glm-4-9b-chat --max-model-len 4096';
    expect(planOf(docker)).toMatchObject({ starts: false, because: 'host-memory' });
    expect(planOf(docker, container(10)).starts).toBe(true);
  });
});

describe('what else takes host memory', () => {
  const LLAMA = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096';

  test('V1 has no swap space; workers beside an engine from two GPUs on', () => {
    const one = planOf(LLAMA, {}, 'a100-80g', '2026-05').host;
    const two = planOf(`${LLAMA} --tensor-parallel-size 2`, {}, 'a100-80g', '2026-05').host;
    expect(one?.swap).toBe(0);
    expect((one?.processes ?? 0) / GIB).toBeCloseTo(2.5, 6);
    expect((two?.processes ?? 0) / GIB).toBeCloseTo(2 * 1.96 + 2 * 0.54, 6);
  });

  test('*.bin files are read whole by every worker, safetensors are mapped', () => {
    const files = (format: string) =>
      planOf(`${LLAMA} --load-format ${format} --tensor-parallel-size 2`, {}, 'a100-80g').host;
    expect(files('pt')).toMatchObject({ loading: 10e9, pageCache: 0 });
    expect(files('safetensors')?.loading).toBe(0);
    expect(files('safetensors')?.pageCache).toBeGreaterThan(15e9);
    expect(files('dummy')).toMatchObject({ loading: 0, pageCache: 0 });
  });

  test('files are read before the swap space is pinned: the peak has the larger of the two', () => {
    const of = (swap: number) =>
      planOf(`${LLAMA} --load-format pt --swap-space ${swap}`, {}, 'a100-80g').host ?? expect.unreachable();
    const [some, much] = [of(1), of(8)];
    expect(some.swap).toBeLessThan(some.loading);
    expect(some.peak).toBe(some.processes + some.loading);
    expect(much.peak).toBe(much.processes + much.swap);
  });

  test('the advice names what is held when the process is killed, and a limit that is enough for all that follows', () => {
    const of = (limit: number) =>
      planOf(
        `${LLAMA} --load-format pt --swap-space 8`,
        { host: { 'container-limit-gib': limit } },
        'a100-80g',
      );
    const [reading, pinning] = [of(4), of(8)];
    if (reading.starts || pinning.starts) throw new Error('it starts');
    expect(reading.advice).toBe(
      "the host's side needs 7.16 GiB (processes 2.50, files being read 4.66) and may have 4.00: a container limit of 11 GiB or more, or a checkpoint in safetensors",
    );
    expect(pinning.advice).toMatch(
      /\(processes 2\.50, pinned swap space 8\.00\) .* a container limit of 11 GiB or more, or --swap-space 0/,
    );
    expect(of(11).starts).toBe(true);
  });

  test('offloaded weights are pinned, and killed while loading if there is no room', () => {
    const command = `${LLAMA} --cpu-offload-gb 4`;
    const { host } = planOf(command, {}, 'a100-80g', '2026-05');
    expect((host?.offload ?? 0) / GIB).toBeGreaterThan(4);
    expect((host?.offload ?? 0) / GIB).toBeLessThan(8);
    const little = planOf(command, { host: { 'memory-gib': 6 } }, 'a100-80g', '2026-05');
    expect(little).toMatchObject({ starts: false, because: 'host-memory' });
    if (!little.starts) expect(little.message).toMatch(/^Out of memory: Killed process/);
  });

  test('caches of processed images fill while serving', () => {
    const of = (more: string) =>
      planOf(`vllm serve google/gemma-3-4b-it ${more}`, {}, 'h100', '2026-05').host;
    expect(of('--max-model-len 8192')?.later).toBe(8 * GIB);
    expect(of('--max-model-len 8192 --mm-processor-cache-gb 0')?.later).toBe(0);
  });
});

describe('V0’s check of its swap space', () => {
  const command = 'vllm serve meta-llama/Llama-3.1-70B --max-model-len 4096 --tensor-parallel-size 8';
  const on = (memory: number, swap: number) =>
    planOf(`${command} --swap-space ${swap}`, { host: { 'memory-gib': memory } }, 'a100-80g');

  test('above 70 % of the host it refuses, above 40 % it warns', () => {
    expect(on(64, 16)).toMatchObject({
      starts: false,
      because: 'host-memory',
      message:
        'ValueError: Too large swap space. 128.00 GiB out of the 64.00 GiB total CPU memory is allocated for the swap space.',
    });
    // 70 % is not above it: that the pinned blocks do not fit, the kernel says.
    expect(on(160, 14)).toMatchObject({ starts: false, message: expect.stringContaining('Killed process') });
    const warned = on(256, 14);
    expect(warned.starts).toBe(true);
    expect(warned.notes.join()).toContain('Possibly too large swap space. 112.00 GiB out of the 256.00 GiB');
    expect(on(1024, 16).notes.join()).not.toContain('swap space');
    // 40 % is not above it.
    expect(on(320, 16).notes.join()).not.toContain('swap space');
  });

  test('it knows nothing of the container', () => {
    const inContainer = planOf(
      `${command} --swap-space 16`,
      { host: { 'memory-gib': 1024, 'container-limit-gib': 100 } },
      'a100-80g',
    );
    if (inContainer.starts) throw new Error('it starts');
    expect(inContainer.message).toContain('Memory cgroup out of memory');
  });
});
