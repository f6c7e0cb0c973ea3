/** What a step schedules: groups in vLLM's order, and what is needed to apply its outputs later. */
export class V0Batch {
  size = 0;
  /** Groups at the front of `running` that decode and are not listed. */
  numSteady = 0;
  /** Listed groups in front of them. */
  steadyAt = 0;
  numPrefillGroups = 0;
  /** The sum that vLLM reports as num_batched_tokens. */
  numTokens = 0;
  /** Its outputs are applied one step late. */
  isAsync = false;
  readonly request: Int32Array;
  /** Tokens for a prefill; 1 for a decode, of however many sequences. */
  readonly chunk: Int32Array;
  /** 1 where the step samples. */
  readonly samples: Uint8Array;
  /** 1 where the group was in its prefill stage. */
  readonly isPrefill: Uint8Array;
  /** 1 where the outputs were applied ahead of the others; 0 again once those are applied. */
  readonly isDone: Uint8Array;

  /** A step that has more than `capacity` (max_num_seqs) is over its budget, which ends the engine. */
  constructor(capacity: number) {
    this.request = new Int32Array(capacity);
    this.chunk = new Int32Array(capacity);
    this.samples = new Uint8Array(capacity);
    this.isPrefill = new Uint8Array(capacity);
    this.isDone = new Uint8Array(capacity);
  }

  clear(): void {
    this.size = 0;
    this.numSteady = 0;
    this.steadyAt = 0;
    this.numPrefillGroups = 0;
    this.numTokens = 0;
  }

  put(request: number, chunk: number): void {
    const at = this.size++;
    this.request[at] = request;
    this.chunk[at] = chunk;
  }

  /** Puts all entries of another batch behind its own. */
  putAll(other: V0Batch): void {
    for (let i = 0; i < other.size; i++) this.put(other.request[i], other.chunk[i]);
  }
}
