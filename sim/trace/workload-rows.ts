import type { Workload } from '../workload/workload.ts';
import type { TraceRow } from './trace.ts';

/**
 * The requests of a workload as rows of a trace.
 * @param arrivalNs when each arrives; NaN: it never does, and is left out
 * @param blockTokens tokens per hash id; 0 = without ids
 */
export function* workloadRows(
  workload: Workload,
  arrivalNs: ArrayLike<number>,
  blockTokens: number,
): Generator<TraceRow> {
  const { numRequests, numPromptTokens, maxTokens } = workload;
  const idOf = new Map<string, number>();
  for (let request = 0; request < numRequests; request++) {
    if (Number.isNaN(arrivalNs[request])) continue;
    yield {
      timeNs: arrivalNs[request],
      promptTokens: numPromptTokens[request],
      outputTokens: maxTokens[request],
      ...(blockTokens > 0 && { hashIds: hashIdsOf(workload, request, blockTokens, idOf) }),
    };
  }
}

/** A block is its content after the block before it: the same content elsewhere is another id. */
function hashIdsOf(
  { runStart, runSegment, runOffset, runLength }: Workload,
  request: number,
  blockTokens: number,
  idOf: Map<string, number>,
): number[] {
  const ids: number[] = [];
  let content = '';
  let room = blockTokens;
  const endBlock = () => {
    const key = `${ids.at(-1) ?? ''}${content}`;
    const id = idOf.get(key) ?? idOf.size;
    idOf.set(key, id);
    ids.push(id);
    content = '';
    room = blockTokens;
  };
  for (let run = runStart[request]; run < runStart[request + 1]; run++) {
    for (let taken = 0; taken < runLength[run]; ) {
      const tokens = Math.min(room, runLength[run] - taken);
      content += `|${runSegment[run]} ${runOffset[run] + taken} ${tokens}`;
      taken += tokens;
      room -= tokens;
      if (room === 0) endBlock();
    }
  }
  if (content !== '') endBlock();
  return ids;
}
