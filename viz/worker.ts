import { InputError } from '../sim/error.ts';
import type { FlagValue } from '../sim/scenario/stated-flags.ts';
import type { ScenarioSource } from '../sim/share/fragment.ts';
import { makeIndex } from './run-index.ts';
import type { PlanAnswer, WorkerAnswer, WorkerRequest } from './worker/messages.ts';

// What reads scenarios, starts and runs them comes at the same time, as files of their own.
const reading = import('./worker/read-scenario.ts');
const starting = import('./worker/start.ts');
const running = import('./worker/run.ts');

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  try {
    const { source } = data;
    if (data.ask === 'run') await run(source);
    else if (data.ask === 'merge') answer({ kind: 'merged', text: (await reading).mergedText(source) });
    else answer({ kind: 'plan', id: data.id, plan: await whatIf(source, data.flags) });
  } catch (error) {
    if (error instanceof InputError) answer({ kind: 'problems', problems: error.problems });
    else answer({ kind: 'fault', message: error instanceof Error ? error.message : String(error) });
  }
};

function answer(message: WorkerAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function run(source: ScenarioSource): Promise<void> {
  const scenario = (await reading).readScenario(source);
  const started = (await starting).start(scenario);
  if (started.plan === null) {
    answer(started.refusal);
    return;
  }
  const { plan, sizing, settings } = started;
  const { later } = source;
  const change =
    later &&
    (await starting).switchOf(scenario, plan, (await reading).readScenario(changed(source)), later.step);
  const replicas = await (await running).run(scenario, plan, change, (share, numSteps) =>
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

/** The scenario as it is after its fields have changed. */
function changed({ later, ...source }: ScenarioSource): ScenarioSource {
  return { ...source, sets: [...source.sets, ...(later?.sets ?? [])] };
}

async function whatIf(
  source: ScenarioSource,
  flags: Readonly<Record<string, FlagValue>>,
): Promise<PlanAnswer> {
  const scenario = (await reading).readScenario(source);
  return (await starting).whatIf(scenario, flags);
}
