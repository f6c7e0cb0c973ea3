/**
 * Requests as the engine sees them: a struct of arrays, one row per request, sorted by arrival.
 *
 * Prompt content is token identity without tokens: a list of runs `[segment, offset, length]`, where
 * position `i` of segment `s` stands for one token that is unique to `(s, i)`. Two prompts share a prefix
 * exactly where their runs agree. Sequence `s` writes its outputs into `outputSegment[s]` from position 0,
 * so a later turn of a conversation can quote them.
 */
export interface Workload {
  readonly numRequests: number;
  /** index → request id, unique ("r17"). */
  readonly ids: readonly string[];
  /**
   * index → arrival, integer nanoseconds of simulated time; non-decreasing among requests with
   * `dependsOn` = -1. For a request that depends on another: the delay after that one ended.
   */
  readonly arrivalNs: Float64Array;
  /** index → index of the request whose end releases this one (always smaller than its own), or -1. */
  readonly dependsOn: Int32Array;
  /** index → prompt length, tokens (the sum of its runs' lengths; at least 1). */
  readonly numPromptTokens: Int32Array;
  /** index → outputs to generate, tokens (at least 1). */
  readonly maxTokens: Int32Array;
  /** index → priority; smaller is more urgent (vLLM's convention). */
  readonly priority: Int32Array;
  /** index → when the client gives up, integer nanoseconds after its arrival; Infinity = never. */
  readonly abortAfterNs: Float64Array;
  /** index → first row of the request's runs; numRequests + 1 entries. */
  readonly runStart: Int32Array;
  readonly runSegment: Int32Array;
  readonly runOffset: Int32Array;
  readonly runLength: Int32Array;
  /** index → first row of the request's images, whose columns `EncoderItems` describes. */
  readonly itemStart: Int32Array;
  readonly itemOffset: Int32Array;
  readonly itemLength: Int32Array;
  readonly itemContent: Int32Array;
  /** index → sequences that are sampled in parallel from the prompt (vLLM `n`); 1 but for V0. */
  readonly numSequences: Int32Array;
  /** index → row of the request's first sequence: the index itself where all requests have one. */
  readonly sequenceStart: Int32Array;
  /** Requests that are under way at the same time; default: no limit. The others wait at the client, in their order. */
  readonly maxConcurrency?: number;
  /** sequence row → segment that receives the sequence's outputs; unique to it. */
  readonly outputSegment: Int32Array;
}
