import { InputError } from '../sim/error.ts';
import type { ScenarioSource } from '../sim/share/fragment.ts';
import { makeIndex } from './run-index.ts';
import type { WorkerAnswer, WorkerRequest } from './worker/messages.ts';
import { loadParts } from './worker/parts.ts';
import { mergedText, readScenario } from './worker/read-scenario.ts';
import { run } from './worker/run.ts';
import { start, whatIf } from './worker/start.ts';

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  try {
    const { source } = data;
    if (data.ask === 'run') await answerRun(source);
    else if (data.ask === 'merge') answer({ kind: 'merged', text: mergedText(source) });
    else answer({ kind: 'plan', id: data.id, plan: whatIf(readScenario(source), data.flags) });
  } catch (error) {
    if (error instanceof InputError) answer({ kind: 'problems', problems: error.problems });
    else answer({ kind: 'fault', message: error instanceof Error ? error.message : String(error) });
  }
};

function answer(message: WorkerAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function answerRun(source: ScenarioSource): Promise<void> {
  const scenario = readScenario(source);
  const started = start(scenario);
  if (started.plan === null) {
    answer(started.refusal);
    return;
  }
  const { plan, sizing, settings } = started;
  const replicas = run(scenario, plan, await loadParts(scenario, plan), (share, numSteps) =>
    answer({ kind: 'progress', share, numSteps }),
  );
  const indexes = replicas.map(makeIndex);
  const tables = [
    ...replicas.flatMap(({ steps, events, spans, requests }) => [steps, events, spans, requests]),
    ...indexes.flatMap(({ derived, events }) => [derived, Object.fromEntries(events)]),
  ];
  const buffers = tables.flatMap((table) => Object.values(table).map((column) => column.buffer));
  answer({ kind: 'recording', replicas, indexes, sizing, settings }, buffers);
}
