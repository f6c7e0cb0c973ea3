/** Names of the formats of request traces that Poolscope reads. */
export const TRACE_FORMATS = [
  'azure',
  'vidur',
  'burstgpt',
  'mooncake',
  'bailian',
  'timed_trace',
  'sharegpt',
  'vllm-bench',
] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/** The same as one would say it: `azure, vidur, … or vllm-bench`. */
export const TRACE_FORMAT_LIST = `${TRACE_FORMATS.slice(0, -1).join(', ')} or ${TRACE_FORMATS.at(-1)}`;

/** One request of a trace. */
export interface TraceRow {
  /** Integer nanoseconds since the first row of the file; negative where rows are out of order. */
  readonly timeNs: number;
  /** Tokens, at least 1. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** One id for each block of the prompt from its start; equal ids mean equal tokens up to the block's end. */
  readonly hashIds?: readonly number[];
}

/** A trace that is being read: its rows come one by one. */
export interface Trace {
  readonly format: TraceFormat;
  /** Tokens of a block of `hashIds`; 0 = the format has no ids. */
  readonly blockTokens: number;
  /** Whether the file says when requests arrive; if not, all rows have the time 0. */
  readonly isTimed: boolean;
  /** To be read once. @throws InputError with file, line and field of the first row that is not understood. */
  readonly rows: Iterable<TraceRow>;
  /** What was estimated or left out, in words; complete when the rows have been read. */
  readonly notes: () => readonly string[];
}

/** How a trace file is to be read. */
export interface TraceFile {
  /** Named in errors. */
  readonly file: string;
  /** null: told by the beginning of the file. */
  readonly format: TraceFormat | null;
  /** Of timed_trace files, as `vllm bench serve` has it. */
  readonly timedTrace?: {
    /** Tokens per entry of hash_ids; default 16. */
    readonly chunkHashSize?: number;
    /** Seconds per unit of timestamp; default 1. */
    readonly secMultiplier?: number;
  };
}
