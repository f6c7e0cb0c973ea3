/** Flags that change nothing here, whatever their value: models, methods or flags that would make them matter are refused. */
const NEVER: readonly string[] = [
  'device',
  'disable-custom-all-reduce',
  'use-v2-block-manager',
  'max-seq-len-to-capture',
  'max-context-len-to-capture',
  'rope-theta',
  'mm-processor-kwargs',
  'mm-shm-cache-max-object-size-mb',
  'lora-dtype',
  'max-prompt-adapters',
  'max-prompt-adapter-token',
  // Of state-space layers.
  'mamba-block-size',
  'mamba-cache-dtype',
  'mamba-cache-mode',
  'mamba-ssm-cache-dtype',
  // Another allocator below PyTorch's, for as many bytes.
  'enable-sleep-mode',
  'enable-ep-weight-filter',
  'data-parallel-size-local',
  'dbo-decode-token-threshold',
  'dbo-prefill-token-threshold',
  'kv-offloading-backend',
  'offload-num-in-group',
  'offload-params',
  'offload-prefetch-step',
];

/** Values with which a flag changes nothing; switches have none when they are off. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  'prefill-context-parallel-size': /^1$/,
  'ubatch-size': /^0$/,
  'offload-backend': /^(auto|uva)$/,
  'offload-group-size': /^0$/,
  'expert-placement-strategy': /^linear$/,
  'mm-processor-cache-type': /^lru$/,
  'num-scheduler-steps': /^1$/,
  'video-pruning-rate': /^0(\.0*)?$/,
  'quantization-config': /^\{\s*\}$/,
  runner: /^(auto|generate)$/,
  convert: /^(auto|none)$/,
  'worker-cls': /^auto$/,
  'generation-config': /^(auto|vllm)$/,
  // Ways to sample; the most that anybody may ask for is another thing.
  'override-generation-config': /^(?!.*max_new_tokens)/s,
};

/** Whether the flag, though vLLM takes it seriously, changes neither memory nor scheduling with this value. */
export function isWithoutEffect(flag: string, value: unknown): boolean {
  if (value === false || NEVER.includes(flag)) return true;
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
  return Object.hasOwn(HARMLESS, flag) && HARMLESS[flag].test(text);
}
