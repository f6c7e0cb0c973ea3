import { invariant } from '../../../sim/error.ts';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { parseOverride } from '../../../sim/scenario/overrides.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import type { ScenarioSource } from '../../../sim/share/fragment.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import type { Workload } from '../../../sim/workload/workload.ts';
import type { Cell } from '../outcome.ts';

/** A scenario of the course, as the playground opens it. */
export function scenario(name: string, text: string, sets: readonly string[] = []): ScenarioSource {
  return { text, file: `${name}.pool.yaml`, sets };
}

/** What it becomes on its machine. */
export function started({ text, file }: ScenarioSource): Extract<Plan, { starts: true }> {
  const found = plan(parseScenario(text, file));
  invariant(found.starts, `${file} starts`);
  return found;
}

/** Runs it; with other requests, where a scenario cannot say them. */
export function run({ text, file, sets }: ScenarioSource, workload?: Workload): Recording {
  const parsed = parseScenario(text, file, { overrides: sets.map(parseOverride) });
  const { recording } = simulateScenario(parsed, { workload });
  invariant(recording !== null, `${file} starts`);
  return recording;
}

/** Tokens of a request with a slot of their own at the cursor. */
export function tokensAt(cursor: Cursor, request: number): number {
  return cursor.numComputedTokens(request) + cursor.numScheduledTokens(request);
}

/** The first step of the recording in which `holds`. */
export function firstStep(recording: Recording, holds: (cursor: Cursor) => boolean): Cursor {
  const cursor = new Cursor(recording);
  for (let step = 0; step < recording.numSteps; step++) {
    cursor.seek(step);
    if (holds(cursor)) return cursor;
  }
  throw new Error(`${recording.header.name}: no step as looked for`);
}

/** The pool at the cursor, a cell a block; the null block of V1, which nobody gets, is left out. */
export function poolCells(cursor: Cursor, marked: (block: number) => boolean = () => false): Cell[] {
  const { blockSize } = cursor.recording.header.pool.groups[0];
  const cells: Cell[] = [];
  for (let block = 0; block < cursor.numBlocks; block++) {
    if (block === cursor.nullBlock) continue;
    const count = cursor.refCount[block];
    const free = cursor.chain[block] === 0 ? 'free' : 'cached';
    cells.push({
      state: count === 0 ? free : count === 1 ? 'used' : 'shared',
      ...(count > 0 && { owner: cursor.holders(block)[0], fill: cursor.fill(block) / blockSize }),
      text: String(block),
      marked: marked(block),
    });
  }
  return cells;
}
