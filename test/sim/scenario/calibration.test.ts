import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { resolveHardware } from '../../../sim/memory/resolve.ts';
import { type Calibration, onTopOf } from '../../../sim/scenario/calibration.ts';
import { readCalibration, writeCalibration } from '../../../sim/scenario/calibration-file.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { timeBasis } from '../../../sim/time/time-basis.ts';

const FOUND: Calibration = {
  gpu: 'rtx4090',
  source: '24 kernels of k.csv: matrix products',
  parts: ['gemm'],
  constants: { gemm: { t0: 5e-6, ec: 0.9, em: 0.8 } },
  overhead: { perStep: 120e-6, perSequence: 14.5e-6 },
  link: { alpha: [30e-6, 30e-6, 30e-6], busGBs: [9, 9, 9], source: 'calibrated' },
  error: [0.02, 0.04],
};

function scenario(hardware: string, text = writeCalibration(FOUND)) {
  return parseScenario(
    `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --tensor-parallel-size 2
hardware: ${hardware}
workload: {num-prompts: 3, request-rate: 5, input-len: 500, output-len: 5}
`,
    's.yaml',
    { readFile: () => text },
  );
}

function problemsOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem).join('\n');
    throw error;
  }
  return '';
}

test('what is written is what is read', () => {
  expect(readCalibration(writeCalibration(FOUND), 'c.json')).toEqual(FOUND);
  const least = { ...FOUND, overhead: null, link: null };
  expect(readCalibration(writeCalibration(least), 'c.json')).toEqual(least);
});

test('a scenario runs with it, and says so', () => {
  const calibrated = scenario('{gpu: 4090, count: 2, calibration: ./c.json}'.replace('4090', 'rtx4090'));
  const { gpu, link } = resolveHardware(calibrated);
  expect(gpu.par.gemm).toMatchObject({ t0: 5e-6, ec: 0.9, em: 0.8, Tm: 128 });
  expect(link).toEqual(FOUND.link);
  const { recording } = simulateScenario(calibrated);
  expect(recording?.header.about.gpu).toBe('2 × rtx4090 (calibrated)');
  expect(recording?.header.timing?.options.overhead).toEqual(FOUND.overhead);
  expect(timeBasis(recording!.header.timing!)).toMatchObject({
    badge: 'calibrated',
    source:
      'calibrated: 24 kernels of k.csv: matrix products; else fitted: gemm, elt, sampler, attention (LLMServingSim)',
    unmeasured: [],
  });
});

test('a calibration that left much promises no less', () => {
  const text = writeCalibration({ ...FOUND, error: [0.05, 0.3] });
  const { recording } = simulateScenario(scenario('{gpu: rtx4090, count: 2, calibration: c.json}', text));
  expect(timeBasis(recording!.header.timing!).errors.TPOT).toEqual({
    median: 0.05,
    largest: 0.3,
    source: 'what the calibration was made from',
  });
});

test('one on top of another keeps what it does not say', () => {
  const second = {
    ...FOUND,
    parts: ['dec'],
    constants: { gemm: { ec: 0.7 }, dec: { ea: 0.8 } },
    overhead: null,
    link: null,
  };
  expect(onTopOf(FOUND, second)).toEqual({
    ...FOUND,
    parts: ['gemm', 'dec'],
    constants: { gemm: { t0: 5e-6, ec: 0.7, em: 0.8 }, dec: { ea: 0.8 } },
  });
});

describe('refused, with what is wrong where', () => {
  test.each([
    ['{gpu: l4, calibration: c.json}', 'hardware.calibration: c.json was made for rtx4090, not for l4'],
    [
      '{gpu: rtx4090, calibration: ../c.json}',
      "hardware.calibration: expected a path inside the scenario's folder",
    ],
    [
      '{gpu: rtx4090, calibration: c.json, link: pcie5}',
      'hardware.link: the calibration has a link of its own',
    ],
  ])('%s', (hardware, message) => {
    expect(problemsOf(() => scenario(hardware))).toContain(message);
  });

  test.each([
    ['"ec": 0.9', '"ec": 9', 'c.json:11:13: constants.gemm.ec: expected a number from 0.2 to 1.2'],
    ['"ec": 0.9', '"ecc": 0.9', 'c.json:11:7: constants.gemm.ecc: unknown key (did you mean ec?)'],
    ['"gemm": {', '"gem": {', 'constants.gem: unknown key (did you mean gemm?)'],
    ['"calibration": 1', '"calibration": 2', 'c.json:2:18: calibration: expected 1'],
    ['"parts"', '"part"', 'part: unknown key (did you mean parts?)'],
    ['kernels of k.csv', 'kernels\\u001b[31m', 'source: expected a text of one line'],
    ['"us-per-step": 120', '"us-per-step": -1', 'overhead.us-per-step: expected a number from 0'],
  ])('%s → %s', (from, to, message) => {
    const text = writeCalibration(FOUND);
    expect(text).toContain(from);
    expect(problemsOf(() => readCalibration(text.replace(from, to), 'c.json'))).toContain(message);
  });

  test('a scenario tells of the field that names the file', () => {
    expect(problemsOf(() => scenario('{gpu: rtx4090, calibration: c.json}', '{'))).toMatch(
      /^s\.yaml:3:39: hardware\.calibration: c\.json:\d+:\d+: is no YAML/,
    );
  });
});
