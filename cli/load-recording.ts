import { InputError } from '../sim/error.ts';
import { decodeRecording } from '../sim/recording/codec.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';
import { readBytes, readerBeside, shownPath } from './files.ts';
import { type LoadOptions, loadScenario, RECORDING_ENDING } from './load.ts';

/** For scenarios: a recording is as it is. */
export interface RecordingOptions extends LoadOptions {
  readonly seed?: number;
  /** Of several engines, the one that is meant; together: all of them, without events, if none is named. */
  readonly replica?: number | 'together';
}

/**
 * A recording file, or the run of a scenario.
 * @throws InputError if it cannot be read, or if vLLM would not start with it.
 */
export function loadRecording(source: string, options: RecordingOptions = {}): Recording {
  const { seed, replica } = options;
  if (source.endsWith(RECORDING_ENDING)) {
    refuseForRecording({
      '--seed': seed,
      '--set': options.set,
      '--gpu': options.gpu,
      '--gpu-count': options.gpuCount,
      '--vllm': options.vllm,
      '--config': options.config,
      '--replica': replica === 'together' ? undefined : replica,
    });
    return decodeRecording(readBytes(source), shownPath(source));
  }
  const written = loadScenario(source, options);
  const scenario = { ...written, seed: seed ?? written.seed };
  const { plan, recording, replicas } = simulateScenario(scenario, { readTrace: readerBeside(source) });
  if (recording !== null) {
    return replica === 'together' ? recording : replicas[chosenReplica(replicas.length, replica)];
  }
  const because = plan.starts ? '' : plan.because;
  throw new InputError([{ file: scenario.file, message: `holds no run: vLLM would not start (${because})` }]);
}

function refuseForRecording(options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(options).find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new InputError([{ file: given, message: 'goes with a scenario: a recording is as it was made' }]);
}

/**
 * The engine that --replica names; the only one need not be named.
 * @throws InputError if there is no such engine, or several to choose from.
 */
export function chosenReplica(count: number, replica: number | undefined): number {
  if (replica === undefined && count === 1) return 0;
  if (replica !== undefined && replica < count) return replica;
  const expected =
    count === 1 ? 'there is one engine, 0' : `expected one of ${count} engines, 0 to ${count - 1}`;
  throw new InputError([{ file: '--replica', message: `${expected}, got ${replica ?? 'none'}` }]);
}
