import type { Texts } from '../text/en.ts';
import { t } from '../text/text.ts';

/** A field of the form: a key of the scenario, set as `--set` does. */
export interface Field {
  /** `engine.block-size`; engine flags are vLLM's own. */
  readonly path: string;
  /** vLLM's own name, or a key of the texts. */
  readonly label: `--${string}` | keyof Texts['editor']['labels'];
  readonly help: keyof Texts['editor']['help'];
  /** Values to choose from; absent: any text. */
  readonly choices?: readonly string[];
  /** Its values are long. */
  readonly wide?: boolean;
}

export interface FieldGroup {
  readonly title: keyof Texts['editor']['groups'];
  readonly fields: readonly Field[];
}

/** vLLM's flags have one name in every language. */
export function labelOf(label: Field['label']): string {
  const { labels } = t().editor;
  return label in labels ? labels[label as keyof typeof labels] : label;
}

const SWITCH = ['true', 'false'] as const;

/** The flags that decide about memory and scheduling, under vLLM's names, and the load. */
export const FIELD_GROUPS: readonly FieldGroup[] = [
  {
    title: 'machine',
    fields: [
      { path: 'hardware.gpu', label: 'gpu', help: 'gpu' },
      { path: 'hardware.count', label: 'count', help: 'count' },
      {
        path: 'vllm',
        label: 'vllm',
        help: 'vllm',
        choices: ['2026-05', '0.6.3'],
      },
    ],
  },
  {
    title: 'memory',
    fields: [
      {
        path: 'engine.gpu-memory-utilization',
        label: '--gpu-memory-utilization',
        help: 'utilization',
      },
      { path: 'engine.max-model-len', label: '--max-model-len', help: 'maxModelLen' },
      { path: 'engine.block-size', label: '--block-size', help: 'blockSize' },
      {
        path: 'engine.num-gpu-blocks-override',
        label: '--num-gpu-blocks-override',
        help: 'numGpuBlocks',
      },
      {
        path: 'engine.kv-cache-dtype',
        label: '--kv-cache-dtype',
        help: 'dtype',
        choices: ['auto', 'fp8'],
      },
      {
        path: 'engine.tensor-parallel-size',
        label: '--tensor-parallel-size',
        help: 'tensorParallel',
      },
    ],
  },
  {
    title: 'scheduling',
    fields: [
      { path: 'engine.max-num-seqs', label: '--max-num-seqs', help: 'maxNumSeqs' },
      {
        path: 'engine.max-num-batched-tokens',
        label: '--max-num-batched-tokens',
        help: 'batchedTokens',
      },
      {
        path: 'engine.enable-prefix-caching',
        label: '--enable-prefix-caching',
        help: 'prefixCaching',
        choices: SWITCH,
      },
      {
        path: 'engine.scheduling-policy',
        label: '--scheduling-policy',
        help: 'policy',
        choices: ['fcfs', 'priority'],
      },
    ],
  },
  {
    title: 'load',
    fields: [
      { path: 'workload.num-prompts', label: 'numPrompts', help: 'numPrompts' },
      {
        path: 'workload.request-rate',
        label: 'rate',
        help: 'rate',
      },
      {
        path: 'workload.input-len',
        label: 'inputLen',
        help: 'inputLen',
        wide: true,
      },
      { path: 'workload.output-len', label: 'outputLen', help: 'outputLen', wide: true },
      { path: 'seed', label: 'seed', help: 'seed' },
    ],
  },
];
