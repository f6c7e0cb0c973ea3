import { writeFileSync } from 'node:fs';
import pc from 'picocolors';
import { findGpu, type Gpu } from '../sim/catalog/gpus.ts';
import { InputError } from '../sim/error.ts';
import { calibrateBench } from '../sim/fit/bench-calibration.ts';
import { isBenchResult, readBenchResults } from '../sim/fit/bench-result.ts';
import { calibrateKernels } from '../sim/fit/kernel-calibration.ts';
import { resolveHardware } from '../sim/memory/resolve.ts';
import { type Calibration, isFor, onTopOf } from '../sim/scenario/calibration.ts';
import { writeCalibration } from '../sim/scenario/calibration-file.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { parseCsv } from '../sim/verify/csv.ts';
import { KERNEL_COLUMNS } from '../sim/verify/time-kernel.ts';
import { benchReport, kernelReport } from './calibrate-report.ts';
import { ExitCode } from './exit-code.ts';
import { readerBeside, readText, shownPath, writing } from './files.ts';
import { gpuOfOption } from './gpu-option.ts';
import { isCommand, loadScenario } from './load.ts';
import { ProgressBar } from './progress.ts';

export interface CalibrateOptions {
  /** A scenario file or a 'vllm serve …' line. */
  readonly scenario?: string;
  readonly gpu?: string;
  readonly gpuCount?: number;
  readonly output?: string;
  readonly json?: boolean;
}

/** `poolscope calibrate`: fits the step-time model to the user's measurements. Returns the exit code. */
export function calibrate(files: readonly string[], options: CalibrateOptions): number {
  const texts = files.map((file) => ({ file: shownPath(file), text: readText(file) }));
  const areResults = texts.map(({ file, text }) => isBenchResult(text, file));
  if (areResults.some((isResult) => isResult !== areResults[0])) {
    throw new InputError([
      { file: files.join(', '), message: 'expected results of one kind: serving runs or kernels' },
    ]);
  }
  const found = areResults[0] ? fromRuns(texts, options) : fromKernels(texts, options);
  const { calibration } = found.result;
  if (calibration !== null && options.output !== undefined) write(options.output, calibration);
  if (options.json) console.log(JSON.stringify(found.result, null, 2));
  else {
    console.log(found.report);
    if (calibration === null) console.log(pc.yellow('\nNothing is better than what is: no file is written.'));
    else if (options.output === undefined)
      console.log(pc.dim('\n--output FILE writes what a scenario can use.'));
    else console.log(`\n${options.output}: use it as hardware: {gpu: ${calibration.gpu}, calibration: FILE}`);
  }
  return calibration === null ? ExitCode.CheckFailed : ExitCode.Ok;
}

type Input = { readonly file: string; readonly text: string };

function fromRuns(texts: readonly Input[], options: CalibrateOptions) {
  const results = texts.flatMap(({ file, text }) => readBenchResults(text, file));
  if (options.scenario === undefined) {
    const message =
      "names no GPU and no flags: give --scenario FILE, or --scenario 'vllm serve …' --gpu ID, as it was measured";
    throw new InputError([{ file: texts[0].file, message }]);
  }
  const { scenario } = options;
  const bar = new ProgressBar('calibrate');
  const readFile = isCommand(scenario) ? undefined : readerBeside(scenario);
  const result = calibrateBench(load(scenario, options), results, readFile, (share) =>
    bar.update(share, 'of the steps at most'),
  );
  bar.end();
  return { result, report: benchReport(result) };
}

function fromKernels(texts: readonly Input[], options: CalibrateOptions) {
  if (texts.length > 1) {
    throw new InputError([{ file: texts[1].file, message: 'expected one table of kernels' }]);
  }
  const [{ file, text }] = texts;
  const isNamed = options.scenario !== undefined || options.gpu !== undefined;
  const scenario = options.scenario === undefined ? null : load(options.scenario, options);
  const gpu = scenario === null ? gpuOf(text, file, options) : resolveHardware(scenario).gpu;
  const before = scenario?.hardware.calibration ?? null;
  const names = gpuNames(text, file);
  // A table of one GPU is of the one that was named, whatever the table calls it.
  const isOfIt = (name: string) => isFor({ gpu: gpu.id }, name) || (names.size === 1 && isNamed);
  const result = calibrateKernels(text, file, gpu, isOfIt);
  const calibration = result.calibration && onTopOf(before, result.calibration);
  return { result: { ...result, calibration }, report: kernelReport(gpu, result) };
}

/** --gpu, or the one GPU of the catalogue that the table is of. */
function gpuOf(text: string, file: string, { gpu: name }: CalibrateOptions): Gpu {
  if (name !== undefined) return gpuOfOption('--gpu', name);
  const known = [...new Set([...gpuNames(text, file)].map((each) => findGpu(each)))].filter(
    (gpu) => gpu !== null,
  );
  if (known.length === 1) return known[0];
  const message =
    known.length === 0
      ? 'names no GPU of the catalogue: describe it in a --scenario'
      : `is of ${known.length} GPUs: say which with --gpu ID (${known.map(({ id }) => id).join(', ')})`;
  throw new InputError([{ file, message }]);
}

function gpuNames(text: string, file: string): Set<string> {
  return new Set(parseCsv(text, file, KERNEL_COLUMNS).map(({ gpu }) => gpu));
}

function load(source: string, { gpu, gpuCount }: CalibrateOptions): Scenario {
  if (isCommand(source) && gpu === undefined) {
    const message = "a 'vllm serve …' line names no GPU: give --gpu ID";
    throw new InputError([{ file: '--scenario', message }]);
  }
  return loadScenario(source, { gpu, gpuCount });
}

function write(path: string, calibration: Calibration): void {
  const text = writeCalibration(calibration);
  writing(path, () => writeFileSync(path, text));
}
