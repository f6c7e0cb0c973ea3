/** How the names of checkpoints say their format; `bits` where the method does not. */
const FORMAT_NAMES: readonly (readonly [RegExp, method: string, bits: number | null])[] = [
  [/bnb-4bit/i, 'bitsandbytes', null],
  [/awq/i, 'awq', 4],
  [/gptq-?(int8|8bit)/i, 'gptq', 8],
  [/gptq|int4|w4a16/i, 'gptq', 4],
  [/w8a8|int8/i, 'int8', 8],
  [/mxfp4/i, 'mxfp4', 4],
  [/nvfp4/i, 'nvfp4', 4],
  [/fp8/i, 'fp8', null],
];

/** Method and bits of the weights as a checkpoint's name tells them; null = it tells nothing. */
export function formatInName(name: string): { readonly method: string; readonly bits: number | null } | null {
  const named = FORMAT_NAMES.find(([pattern]) => pattern.test(name));
  return named === undefined ? null : { method: named[1], bits: named[2] };
}

/** The name of the model that a checkpoint was made of. */
export function withoutFormat(name: string): string {
  return name.replace(
    /-(?:quantized\.)?(?:fp8|awq|gptq|int4|int8|w4a16|w8a8|w8a16|nvfp4|mxfp4|qat|unsloth|bnb|4bit|block|dynamic|thinking-\d+)(?=-|$)/gi,
    '',
  );
}
