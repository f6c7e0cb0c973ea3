import Tinypool from 'tinypool';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { findingsOf } from './reporters/findings.ts';
import type { FileResult } from './reporters/reporter.ts';

type PlaceOf = Scenario['placeOf'];

/** A result on its way from a thread: functions cannot be sent, so that the places that reporters ask for go along. */
export interface Sent {
  readonly result: FileResult;
  readonly filesRead: ReadonlyMap<string, string>;
  readonly places: ReadonlyMap<string, ReturnType<PlaceOf>>;
}
/** For a thread to return. The recordings move over instead of being copied: those of long runs take gigabytes. */
export function sendable(result: FileResult, filesRead: ReadonlyMap<string, string>): object {
  if ('problems' in result) return { result, filesRead, places: new Map() } satisfies Sent;
  const { run } = result;
  const { placeOf } = run.scenario;
  const sent: Sent = {
    result: withPlaces(result, null as never),
    filesRead,
    places: new Map(findingsOf(run).map(({ path }) => [path, placeOf(path)])),
  };
  const recordings = run.runs.flatMap(({ recording, replicas }) => [
    ...(recording ? [recording] : []),
    ...replicas,
  ]);
  const columns = recordings.flatMap(({ events, steps, spans }) =>
    [events, steps, spans].flatMap(Object.values),
  );
  const buffers = [...new Set(columns.map(({ buffer }: ArrayBufferView) => buffer))];
  return Tinypool.move({ [Tinypool.transferableSymbol]: buffers, [Tinypool.valueSymbol]: sent } as never);
}

/** What was sent, with places that can be asked for again. */
export function received({ result, places }: Sent): FileResult {
  return withPlaces(result, (path) => places.get(path));
}

function withPlaces(result: FileResult, placeOf: PlaceOf): FileResult {
  if ('problems' in result) return result;
  return { ...result, run: { ...result.run, scenario: { ...result.run.scenario, placeOf } } };
}
