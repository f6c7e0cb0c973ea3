/** How the matrices of a checkpoint are stored. */
export interface WeightFormat {
  /** Of the quantized matrices; null = not quantized. */
  readonly method: string | null;
  /** Per weight of the quantized matrices, scales included. */
  readonly bytes: number;
  /** Per weight of everything else, and of activations: 2, or 4 with --dtype float32. */
  readonly dtypeBytes: number;
  /** Attention and dense matrices are not quantized. */
  readonly expertsOnly: boolean;
}

/** Bits per weight where the checkpoint does not say, and bytes of scales per weight. */
interface Format {
  readonly bits: number;
  readonly scaleBytes: number;
}

/** One 16-bit scale and one 4-bit zero per group of 128. */
const GROUPS_OF_128: Format = { bits: 4, scaleBytes: 2.5 / 128 };
/** One 32-bit scale per block of 128 × 128; one per tensor is less still. */
const BLOCKS_OF_128: Format = { bits: 8, scaleBytes: 4 / (128 * 128) };
/** Without a say of the checkpoint, compressed-tensors and others hold 8 bits. */
const EIGHT_BITS: Format = { bits: 8, scaleBytes: 0 };

const FORMATS: Readonly<Record<string, Format>> = {
  awq: GROUPS_OF_128,
  gptq: GROUPS_OF_128,
  marlin: GROUPS_OF_128,
  auto_round: GROUPS_OF_128,
  int4: GROUPS_OF_128,
  fp8: BLOCKS_OF_128,
  fbgemm_fp8: EIGHT_BITS,
  int8: EIGHT_BITS,
  experts_int8: EIGHT_BITS,
  'compressed-tensors': EIGHT_BITS,
  // One shared 8-bit exponent per 32 weights.
  mxfp4: { bits: 4, scaleBytes: 1 / 32 },
  // One 8-bit scale per 16 weights.
  nvfp4: { bits: 4, scaleBytes: 1 / 16 },
  modelopt_fp4: { bits: 4, scaleBytes: 1 / 16 },
  modelopt: EIGHT_BITS,
  // NF4, made while loading: one 32-bit scale per 64 weights.
  bitsandbytes: { bits: 4, scaleBytes: 4 / 64 },
};

/** NF4 checkpoints whose scales are quantized too: 8 bits per 64 weights, and 32 bits per 256 of those. */
export const DOUBLE_QUANTIZED_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256);

/** The formats that weightFormat knows, for messages. */
export const WEIGHT_FORMATS: readonly string[] = Object.keys(FORMATS);

/** Kernels of one format go by several names: gptq_marlin runs GPTQ. */
export function formatName(method: string): string {
  return method.replace(/_marlin$/, '');
}

/**
 * The format of a checkpoint, or null if Poolscope does not know the method.
 * @param bits what the checkpoint's quantization_config says; null = nothing.
 * @param expertsOnly whether it leaves attention and dense matrices as they are.
 */
export function weightFormat(
  method: string | null,
  bits: number | null,
  dtypeBytes: number,
  expertsOnly = false,
): WeightFormat | null {
  if (method === null) return { method, bytes: dtypeBytes, dtypeBytes, expertsOnly };
  const name = formatName(method).replace('-', '_');
  const known = [method, name].find((candidate) => Object.hasOwn(FORMATS, candidate));
  if (known === undefined) return null;
  const format = FORMATS[known];
  // compressed-tensors and GPTQ in fewer bits than usual come with scales per group.
  const scaleBytes = bits !== null && bits <= 4 && format.bits === 8 ? 2 / 128 : format.scaleBytes;
  return { method: known, bytes: (bits ?? format.bits) / 8 + scaleBytes, dtypeBytes, expertsOnly };
}
