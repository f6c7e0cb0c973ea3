import { describe, expect, test } from 'vitest';
import { GENERIC_TIMING } from '../../../sim/catalog/generic-timing.ts';
import { findGpu } from '../../../sim/catalog/gpus.ts';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { resolveHardware } from '../../../sim/memory/resolve.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { timeBasis } from '../../../sim/time/time-basis.ts';

const FIGURES = 'tflops: 165.2, hbm-tbs: 1.008, sms: 128, l2-mb: 72, memory-gib: 23.55';

function scenario(hardware: string, count = 1) {
  return parseScenario(
    `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --tensor-parallel-size ${count}
hardware: ${hardware}
workload: {num-prompts: 20, request-rate: 5, input-len: 500, output-len: 20}
`,
    's.yaml',
  );
}

function run(hardware: string, count?: number) {
  const { recording } = simulateScenario(scenario(hardware, count));
  if (recording?.header.timing === undefined) throw new Error('does not start, or has no timing');
  const { summary, basis } = {
    summary: recording.steps.endNs.at(-1),
    basis: timeBasis(recording.header.timing),
  };
  return { endNs: summary, basis, about: recording.header.about };
}

function problemsOf(hardware: string): string[] {
  try {
    scenario(hardware);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem);
    throw error;
  }
}

describe('a GPU that the user describes', () => {
  test('in kebab case, in the catalogue’s snake case, or with tbps: the same GPU', () => {
    const kebab = scenario(`{gpu: {name: mine, ${FIGURES}, link: pcie5}}`).hardware.given;
    const snake = `tflops: 165.2, tbps: 1.008, sms: 128, l2_mb: 72, memory_gib: 23.55`;
    expect(scenario(`{gpu: {name: mine, ${snake}, link: pcie5}}`).hardware.given).toEqual(kebab);
    expect(kebab).toMatchObject({ id: 'mine', hbmTBs: 1.008, link: 'pcie5', par: GENERIC_TIMING });
  });

  test('runs with the figures that were given, and says that they were', () => {
    const mine = run(`{gpu: {name: mine, ${FIGURES}}}`);
    const half = run(`{gpu: {name: mine, ${FIGURES.replace('1.008', '0.504')}}}`);
    expect(mine.about.gpu).toBe('1 × mine (user-given)');
    expect(mine.basis).toMatchObject({ badge: 'user-given' });
    expect(mine.basis.errors.TPOT.source).toContain('with generic constants');
    expect(mine.basis.unmeasured).toEqual(['matrix products', 'attention']);
    expect(half.endNs).toBeGreaterThan(mine.endNs ?? 0);
  });

  test('like one of the catalogue: what is not given is that GPU’s', () => {
    const { given } = scenario('{gpu: {name: wide, like: h100, memory-gib: 120}}').hardware;
    expect(given).toEqual({
      ...findGpu('h100'),
      id: 'wide',
      memoryGib: 120,
      memorySource: 'user-given',
      timingSource: 'user-given GPU with the constants of h100-sxm',
    });
    expect(run('{gpu: {name: same, like: rtx4090}}').endNs).toBe(run('{gpu: rtx4090}').endNs);
  });

  test('without compute capability 8 there is no bfloat16', () => {
    const { plan } = simulateScenario(
      parseScenario(
        `version: 1\nvllm: 0.6.3\ncommand: vllm serve meta-llama/Llama-3.1-8B\nhardware: {gpu: {name: old, ${FIGURES}, compute-capability: 7.5}}`,
        's.yaml',
      ),
    );
    expect(plan).toMatchObject({
      starts: false,
      message: expect.stringContaining('Your old GPU has compute capability 7.5.'),
    });
  });

  test.each([
    [
      '{gpu: {name: x}}',
      ':3:17: hardware.gpu: lacks tflops, hbm-tbs, sms, l2-mb, memory-gib; or say which GPU',
    ],
    [
      '{gpu: {name: x, like: h10}}',
      'hardware.gpu.like: "h10" is not in the catalogue of GPUs (did you mean h100?)',
    ],
    ['{gpu: {name: x, like: l4, tflop: 3}}', 'hardware.gpu.tflop: unknown key (did you mean tflops?)'],
    ['{gpu: {name: x, like: l4, tbps: 1, hbm_tbs: 1}}', 'hardware.gpu.tbps: says the same as hbm_tbs'],
    [
      '{gpu: {name: x, like: l4, tflops: -3}}',
      'hardware.gpu.tflops: expected 10¹² dense bf16 FLOP/s, from 0.1',
    ],
    ['{gpu: {name: x, like: l4, tflops: .nan}}', 'hardware.gpu.tflops: expected 10¹² dense bf16 FLOP/s'],
    ['{gpu: {name: "\\e[31m", like: l4}}', 'hardware.gpu.name: expected a name of at most 60'],
    ['{gpu: {name: x, like: l4, link: pcie9}}', 'hardware.gpu.link: expected one of nvlink4'],
    ['{gpu: {like: l4}}', 'hardware.gpu.name: missing'],
    ['{gpu: 3}', 'hardware.gpu: expected an id of the catalogue, or an object'],
  ])('%s is refused with its place', (hardware, message) => {
    const problems = problemsOf(hardware);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^s\.yaml:3:\d+: /);
    expect(problems[0]).toContain(message);
  });
});

describe('what joins the GPUs', () => {
  test('by name', () => {
    const { gpu, link } = resolveHardware(scenario('{gpu: l4, count: 2, link: nvlink3}', 2));
    expect({ of: gpu.link, link }).toEqual({ of: 'nvlink3', link: null });
    expect(run('{gpu: l4, count: 2, link: nvlink4}', 2).endNs).toBeLessThan(
      run('{gpu: l4, count: 2}', 2).endNs ?? 0,
    );
  });

  test('with its own figures, which take the place of guesses', () => {
    const slow = run('{gpu: rtx4090, count: 2, link: {gb-per-s: 5, latency-us: 100}}', 2);
    const usual = run('{gpu: rtx4090, count: 2}', 2);
    expect(usual.basis.unmeasured).toEqual(['all-reduce']);
    expect(slow.basis).toMatchObject({ badge: 'user-given', unmeasured: [] });
    expect(slow.endNs).toBeGreaterThan(usual.endNs ?? 0);
  });

  test.each([
    ['{gpu: l4, link: nvlink}', 'hardware.link: expected one of nvlink4, nvlink3'],
    ['{gpu: l4, link: {gb-per-s: 5}}', 'hardware.link: lacks latency-us'],
    ['{gpu: l4, link: {gb-per-s: 0, latency-us: 1}}', 'hardware.link.gb-per-s: expected 10⁹ bytes/s'],
    ['{gpu: l4, link: {gbps: 5}}', 'hardware.link.gbps: unknown key'],
  ])('%s is refused with its place', (hardware, message) => {
    const problems = problemsOf(hardware);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});

test('the generic constants are those of the catalogue’s unmeasured GPUs', () => {
  expect(findGpu('l4')?.par).toEqual(GENERIC_TIMING);
});
