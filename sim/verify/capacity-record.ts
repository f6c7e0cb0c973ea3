import * as v from 'valibot';
import { InputError } from '../error.ts';

const text = v.nullish(v.string('a text or null'), null);
const flag = v.nullish(v.boolean('true, false or null'), null);
const names = v.nullish(v.array(v.string('a field'), 'a list of fields'), []);

/** Above what any machine has, a number is a slip of the pen. */
function count(most: number, least = 1) {
  const message = `a whole number from ${least} to ${most}, or null`;
  return v.nullish(
    v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message)),
    null,
  );
}

function amount(most: number) {
  const message = `a number from 0 to ${most}, or null`;
  return v.nullish(v.pipe(v.number(message), v.minValue(0, message), v.maxValue(most, message)), null);
}

const MOST_GIB = 1_000_000;
const MOST_TOKENS = 1e12;
const MOST_RANKS = 1024;

/** What is not printed is not there, whichever way a record says so. */
const logged = v.pipe(
  v.nullish(v.number('a number or null')),
  v.transform((value) => value ?? undefined),
);
/** Of every rank that logs it. */
const loggedByRanks = v.pipe(
  v.nullish(v.array(v.number('a number'), 'a list of numbers or null')),
  v.transform((values) => (values && values.length > 0 ? values : undefined)),
);

const observedSchema = v.looseObject(
  {
    weights_load_gib: v.optional(logged),
    weights_gib: v.optional(logged),
    activation_peak_gib: v.optional(logged),
    non_torch_gib: v.optional(logged),
    cudagraph_est_gib: v.optional(logged),
    kv_cache_gib: v.optional(logged),
    kv_cache_gib_all: v.optional(loggedByRanks),
    num_gpu_blocks: v.optional(logged),
    num_cpu_blocks: v.optional(logged),
    kv_cache_tokens: v.optional(logged),
    kv_cache_tokens_all: v.optional(loggedByRanks),
    max_concurrency: v.optional(logged),
  },
  'observed: what the log printed',
);

const width = count(10_000_000);
const widthOrNone = count(10_000_000, 0);

const architectureSchema = v.looseObject(
  {
    num_hidden_layers: count(10_000),
    num_key_value_heads: width,
    head_dim: width,
    /** Ranks of the latent and of its rope part. */
    mla: v.nullish(v.tuple([v.number('a rank'), v.number('a rank')], 'two ranks or null'), null),
    indexer_bytes: widthOrNone,
    hidden: width,
    /** Of a dense MLP, or of one expert. */
    intermediate: width,
    vocab: width,
    q_heads: width,
    params_b: amount(1_000_000),
    kind: text,
    experts: widthOrNone,
    topk: widthOrNone,
    multimodal: flag,
    /** How many layers have a window, and how long it is. */
    swa: v.nullish(
      v.looseObject({ n: v.number('a number'), w: v.number('a number') }, 'n and w, or null'),
      null,
    ),
  },
  'an architecture or null',
);

const recordSchema = v.looseObject(
  {
    id: v.string('a text'),
    date: text,
    vllm_version: text,
    engine: v.picklist(['v0', 'v1'], 'v0 or v1'),
    model: text,
    quantization: text,
    dtype: text,
    kv_cache_dtype: text,
    gpu: text,
    gpu_mem_gib: amount(MOST_GIB),
    tensor_parallel_size: count(MOST_RANKS),
    pipeline_parallel_size: count(MOST_RANKS),
    data_parallel_size: count(MOST_RANKS),
    decode_context_parallel: count(MOST_RANKS),
    block_size: count(1_000_000),
    gpu_memory_utilization: amount(1),
    max_model_len: count(MOST_TOKENS),
    max_num_seqs: count(1_000_000),
    max_num_batched_tokens: count(MOST_TOKENS),
    enable_chunked_prefill: flag,
    enforce_eager: flag,
    swap_space_gib: amount(MOST_GIB),
    observed: observedSchema,
    /** Fields above that the log states; the others that have a value are defaults or inference. */
    stated: names,
    assumed: names,
    arch: v.nullish(architectureSchema, null),
    /** Attention of several kinds, or state-space layers. */
    hybrid: flag,
    /** Whether the record's own figures fit together; null = cannot be told. */
    consistent: flag,
  },
  'an object with id, engine and observed',
);

/** A logged start-up of vLLM: what the log says of the configuration, and what it printed. null = not said. */
export type CapacityRecord = v.InferOutput<typeof recordSchema>;
export type RecordArchitecture = v.InferOutput<typeof architectureSchema>;

/**
 * Reads records, one JSON object a line.
 * @throws InputError for a line that is none; nothing but records may stand in the file.
 */
export function parseCapacityRecords(text: string, file: string): CapacityRecord[] {
  const records: CapacityRecord[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const place = { line: index + 1, column: 1 };
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new InputError([{ file, place, message: `is no JSON: ${(error as Error).message}` }]);
    }
    const { success, output, issues } = v.safeParse(recordSchema, value, { abortEarly: true });
    if (!success) {
      const [issue] = issues;
      const field = v.getDotPath(issue) ?? undefined;
      const lacks = issue.received === 'undefined';
      const message = lacks ? `lacks ${field}` : `expected ${issue.message}`;
      throw new InputError([{ file, place, field, message: `is no record of a start-up: ${message}` }]);
    }
    records.push(output);
  });
  return records;
}
