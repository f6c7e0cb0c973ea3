import { InputError } from '../sim/error.ts';
import { decodeRecording } from '../sim/recording/codec.ts';
import type { Recording } from '../sim/recording/recording.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';
import { readBytes, readerBeside, shownPath } from './files.ts';
import { loadScenario } from './load.ts';

/** For scenarios: a recording is as it is. */
export interface RecordingOptions {
  readonly seed?: number;
  readonly set?: readonly Override[];
}

/**
 * A recording file, or the run of a scenario.
 * @throws InputError if it cannot be read, or if vLLM would not start with it.
 */
export function loadRecording(source: string, options: RecordingOptions = {}): Recording {
  if (source.endsWith('.poolrec')) return decodeRecording(readBytes(source), shownPath(source));
  const { seed, set } = options;
  const written = loadScenario(source, { gpu: 'a100-80g-sxm', gpuCount: 8, set });
  const scenario = { ...written, seed: seed ?? written.seed };
  const { plan, recording } = simulateScenario(scenario, { readTrace: readerBeside(source) });
  if (recording !== null) return recording;
  const because = plan.starts ? '' : plan.because;
  throw new InputError([{ file: scenario.file, message: `holds no run: vLLM would not start (${because})` }]);
}
