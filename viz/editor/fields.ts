/** A field of the form: a key of the scenario, set as `--set` does. */
export interface Field {
  /** `engine.block-size`; engine flags are vLLM's own. */
  readonly path: string;
  readonly label: string;
  readonly help: string;
  /** Values to choose from; absent: any text. */
  readonly choices?: readonly string[];
  /** Its values are long. */
  readonly wide?: boolean;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly Field[];
}

const SWITCH = ['true', 'false'] as const;

/** The flags that decide about memory and scheduling, under vLLM's names, and the load. */
export const FIELD_GROUPS: readonly FieldGroup[] = [
  {
    title: 'Machine',
    fields: [
      { path: 'hardware.gpu', label: 'GPU', help: 'An id of the catalogue, like a100-80g-sxm or l4.' },
      { path: 'hardware.count', label: 'How many', help: 'GPUs in the machine.' },
      {
        path: 'vllm',
        label: 'vLLM',
        help: 'Which rules: V1 (2026-05) or V0 (0.6.3).',
        choices: ['2026-05', '0.6.3'],
      },
    ],
  },
  {
    title: 'Memory',
    fields: [
      {
        path: 'engine.gpu-memory-utilization',
        label: '--gpu-memory-utilization',
        help: 'The share of a GPU that vLLM may take; what is left after weights and peak becomes KV cache.',
      },
      { path: 'engine.max-model-len', label: '--max-model-len', help: 'Longest prompt and output together.' },
      { path: 'engine.block-size', label: '--block-size', help: 'Tokens in a block of KV cache.' },
      {
        path: 'engine.num-gpu-blocks-override',
        label: '--num-gpu-blocks-override',
        help: 'This many blocks, whatever memory there is.',
      },
      {
        path: 'engine.kv-cache-dtype',
        label: '--kv-cache-dtype',
        help: 'fp8 halves a token’s bytes.',
        choices: ['auto', 'fp8'],
      },
      {
        path: 'engine.tensor-parallel-size',
        label: '--tensor-parallel-size',
        help: 'GPUs that share each layer.',
      },
    ],
  },
  {
    title: 'Scheduling',
    fields: [
      { path: 'engine.max-num-seqs', label: '--max-num-seqs', help: 'Most requests that run at once.' },
      {
        path: 'engine.max-num-batched-tokens',
        label: '--max-num-batched-tokens',
        help: 'Most tokens that one step computes: the token budget.',
      },
      {
        path: 'engine.enable-prefix-caching',
        label: '--enable-prefix-caching',
        help: 'Blocks of equal prefixes are shared, and kept after their requests end.',
        choices: SWITCH,
      },
      {
        path: 'engine.scheduling-policy',
        label: '--scheduling-policy',
        help: 'Who goes first, and who loses their blocks.',
        choices: ['fcfs', 'priority'],
      },
    ],
  },
  {
    title: 'Load',
    fields: [
      { path: 'workload.num-prompts', label: 'Requests', help: 'How many come in all.' },
      {
        path: 'workload.request-rate',
        label: 'Per second',
        help: 'Mean arrivals per second; inf: all at once.',
      },
      {
        path: 'workload.input-len',
        label: 'Prompt tokens',
        help: 'A number, or {uniform: [16, 160]}, or {lognormal: {median: 512, sigma: 0.8, max: 4096}}.',
        wide: true,
      },
      { path: 'workload.output-len', label: 'Output tokens', help: 'In the same forms.', wide: true },
      { path: 'seed', label: 'Seed', help: 'Another seed, another day.' },
    ],
  },
];
