import { InputError } from '../sim/error.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { parseScenario } from '../sim/scenario/parse.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';

/** What the page asks of the worker. */
export interface WorkerRequest {
  readonly text: string;
  readonly file: string;
}

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly kind: 'progress'; readonly share: number; readonly numSteps: number }
  | { readonly kind: 'recording'; readonly recording: Recording }
  | { readonly kind: 'would-not-start'; readonly message: string; readonly advice: string }
  | { readonly kind: 'problems'; readonly problems: InputError['problems'] }
  | { readonly kind: 'fault'; readonly message: string };

self.onmessage = ({ data }: MessageEvent<WorkerRequest>) => {
  const answer = (message: WorkerAnswer, transfer: Transferable[] = []) =>
    self.postMessage(message, { transfer });
  try {
    const scenario = parseScenario(data.text, data.file);
    const { plan, recording } = simulateScenario(scenario, {
      progress(share, numSteps) {
        answer({ kind: 'progress', share, numSteps });
        return false;
      },
    });
    if (recording === null) {
      if (!plan.starts) answer({ kind: 'would-not-start', message: plan.message, advice: plan.advice });
      return;
    }
    const { steps, events, spans, requests } = recording;
    const buffers = [steps, events, spans, requests].flatMap((table) =>
      Object.values(table).map((column) => column.buffer),
    );
    answer({ kind: 'recording', recording }, buffers);
  } catch (error) {
    if (error instanceof InputError) answer({ kind: 'problems', problems: error.problems });
    else answer({ kind: 'fault', message: error instanceof Error ? error.message : String(error) });
  }
};
