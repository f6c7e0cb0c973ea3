import { writeFileSync } from 'node:fs';
import { encodeRecording } from '../sim/recording/codec.ts';
import { recordingOfKvEvents } from '../sim/recording/kv-events.ts';
import { ExitCode } from './exit-code.ts';
import { readText, shownPath, writing } from './files.ts';
import { counted } from './text.ts';

/** `poolscope import`: a dump of vLLM's KV events becomes a recording for the page. Returns the exit code. */
export function importKvEvents(file: string, options: { readonly record: string }): number {
  const recording = recordingOfKvEvents(readText(file), shownPath(file));
  const bytes = encodeRecording(recording);
  writing(options.record, () => writeFileSync(options.record, bytes));
  const most = recording.header.pool.numGpuBlocks - 1;
  console.log(
    `${options.record}: ${counted(recording.numSteps, 'step')}, at most ${counted(most, 'block')} cached at once`,
  );
  return ExitCode.Ok;
}
