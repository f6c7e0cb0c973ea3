import { type Check, refuse } from './check.ts';
import { isSwitchedOn } from './environment.ts';
import { flagsOf } from './flags.ts';
import { formatName } from './weight-format.ts';

/* vLLM's checks of the model: its type, length, format and precision. */

/** Model types that came after 0.6.3, in the Transformers of its time unknown. */
const AFTER_V0 =
  /^(qwen3|glm4|gpt_oss|gemma3|llama4|deepseek_v3|deepseek_v32|kimi|mistral3|mistral4|ernie4|minimax|smollm3)/;

export const modelIsKnown: Check = ({ architecture: { modelType } }) =>
  AFTER_V0.test(modelType)
    ? {
        because: 'unsupported-model',
        message: `ValueError: The checkpoint you are trying to load has model type \`${modelType}\` but Transformers does not recognize this architecture. This could be because of an issue with the checkpoint, or because your version of Transformers is out of date.`,
        advice: `vLLM 0.6.3 is older than this model: use vllm: "2026-05"`,
      }
    : null;

export const modelLength: Check = ({ scenario, architecture: { maxPositionEmbeddings }, limits }) => {
  if (limits.maxModelLen <= maxPositionEmbeddings) return null;
  if (isSwitchedOn(scenario, 'VLLM_ALLOW_LONG_MAX_MODEL_LEN')) return null;
  const allow = 'set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1';
  const consequence =
    scenario.vllm === '0.6.3'
      ? `This may lead to incorrect model outputs or CUDA errors. To allow overriding this maximum, ${allow}`
      : `To allow overriding this maximum, ${allow}. VLLM_ALLOW_LONG_MAX_MODEL_LEN must be used with extreme caution. If the model uses relative position encoding (RoPE), positions exceeding derived_max_model_len lead to nan. If the model uses absolute position encoding, positions exceeding derived_max_model_len will cause a CUDA array out-of-bounds error.`;
  return refuse(
    `ValueError: User-specified max_model_len (${limits.maxModelLen}) is greater than the derived max_model_len (max_position_embeddings=${maxPositionEmbeddings} or model_max_length=None in model's config.json). ${consequence}`,
    `--max-model-len ${maxPositionEmbeddings} or less`,
  );
};

export const quantization: Check = ({ scenario, architecture: { quantMethod } }) => {
  const stated = flagsOf(scenario)('quantization');
  if (typeof stated !== 'string') return null;
  if (quantMethod === null) {
    // FP8 can be made while loading; the 4-bit formats need a checkpoint that has them.
    return /^(awq|gptq)/.test(stated)
      ? refuse(
          `ValueError: Cannot find the config file for ${formatName(stated)}`,
          `the checkpoint is not quantized: leave --quantization out, or name an ${formatName(stated).toUpperCase()} checkpoint`,
        )
      : null;
  }
  if (formatName(stated) === formatName(quantMethod)) return null;
  return refuse(
    `ValueError: Quantization method specified in the model config (${quantMethod}) does not match the quantization method specified in the \`quantization\` argument (${stated}).`,
    'leave --quantization out: the checkpoint says it',
  );
};

const AMPERE = 8;
/** GPUs without bfloat16, as their drivers name them; the user's own have the name that the user gave. */
const DRIVER_NAMES: Readonly<Record<string, string>> = {
  t4: 'Tesla T4',
  'v100-16g': 'Tesla V100-SXM2-16GB',
  'v100-32g': 'Tesla V100-SXM2-32GB',
};

/** V1 takes another type by itself, unless it was told to. */
export const dtypeIsKnown: Check = ({ scenario, gpu, architecture }) => {
  const stated = flagsOf(scenario)('dtype') ?? 'auto';
  const isV0 = scenario.vllm === '0.6.3';
  const wanted = stated === 'auto' && isV0 ? architecture.dtype : stated;
  if (wanted !== 'bfloat16' || gpu.computeCapability >= AMPERE) return null;
  const name = Object.hasOwn(DRIVER_NAMES, gpu.id) ? DRIVER_NAMES[gpu.id] : gpu.id;
  return refuse(
    `ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your ${name} GPU has compute capability ${gpu.computeCapability.toFixed(1)}. You can use float16 instead by explicitly setting the${isV0 ? '' : ' '}\`dtype\` flag in CLI, for example: --dtype=half.`,
    '--dtype half',
  );
};
