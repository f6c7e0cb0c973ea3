import type { Workload } from './workload.ts';

/**
 * Parallel sampling as V1 does it (vLLM `ParentRequest`): a request with n > 1 becomes n requests, `0_r7`, `1_r7`, …,
 * that arrive together with the same prompt and share what the prefix cache holds of it.
 *
 * What depends on the request waits for the last of its children.
 */
export function childRequests(workload: Workload): Workload {
  const { numRequests, numSequences, sequenceStart, outputSegment } = workload;
  const numChildren = outputSegment.length;
  if (numChildren === numRequests) return workload;
  const parentOf = new Int32Array(numChildren);
  for (let request = 0; request < numRequests; request++) {
    parentOf.fill(request, sequenceStart[request], sequenceStart[request] + numSequences[request]);
  }
  const ints = (column: Int32Array) => Int32Array.from(parentOf, (parent) => column[parent]);
  const floats = (column: Float64Array) => Float64Array.from(parentOf, (parent) => column[parent]);
  const runs = repeatRows(parentOf, workload.runStart, [
    workload.runSegment,
    workload.runOffset,
    workload.runLength,
  ]);
  const items = repeatRows(parentOf, workload.itemStart, [
    workload.itemOffset,
    workload.itemLength,
    workload.itemContent,
  ]);
  return {
    numRequests: numChildren,
    ids: Array.from(parentOf, (parent, child) =>
      numSequences[parent] === 1
        ? workload.ids[parent]
        : `${child - sequenceStart[parent]}_${workload.ids[parent]}`,
    ),
    arrivalNs: floats(workload.arrivalNs),
    dependsOn: Int32Array.from(parentOf, (parent) => {
      const before = workload.dependsOn[parent];
      return before < 0 ? -1 : sequenceStart[before] + numSequences[before] - 1;
    }),
    numPromptTokens: ints(workload.numPromptTokens),
    maxTokens: ints(workload.maxTokens),
    priority: ints(workload.priority),
    abortAfterNs: floats(workload.abortAfterNs),
    runStart: runs.start,
    runSegment: runs.columns[0],
    runOffset: runs.columns[1],
    runLength: runs.columns[2],
    itemStart: items.start,
    itemOffset: items.columns[0],
    itemLength: items.columns[1],
    itemContent: items.columns[2],
    numSequences: new Int32Array(numChildren).fill(1),
    sequenceStart: Int32Array.from(parentOf.keys()),
    outputSegment,
    // The children of a request are sent together: all of them have what one of the workload has.
    ...(workload.maxConcurrency !== undefined && {
      maxConcurrency: workload.maxConcurrency * Math.max(...numSequences),
    }),
  };
}

/** The rows of each parent, once for each of its children. */
function repeatRows(
  parentOf: Int32Array,
  start: Int32Array,
  columns: readonly Int32Array[],
): { start: Int32Array; columns: Int32Array[] } {
  const newStart = new Int32Array(parentOf.length + 1);
  parentOf.forEach((parent, child) => {
    newStart[child + 1] = newStart[child] + start[parent + 1] - start[parent];
  });
  return {
    start: newStart,
    columns: columns.map((column) => {
      const repeated = new Int32Array(newStart[parentOf.length]);
      parentOf.forEach((parent, child) => {
        repeated.set(column.subarray(start[parent], start[parent + 1]), newStart[child]);
      });
      return repeated;
    }),
  };
}
