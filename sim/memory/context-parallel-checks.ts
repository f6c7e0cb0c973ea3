import { type Check, refuse } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';
import { separatesKinds } from './hybrid-manager.ts';

/** vLLM's checks of decode context parallelism: of the ranks, the heads and the kinds of attention. */
export const contextParallel: Check = (args) => {
  const { contextRanks = 1, tensor } = args.parallel;
  if (contextRanks === 1) return null;
  if (tensor % contextRanks !== 0) {
    return refuse(
      `ValueError: tp_size=${tensor} must be divisible bydcp_size=${contextRanks}.`,
      `choose a divisor of ${tensor} for --decode-context-parallel-size`,
    );
  }
  return heads(args) ?? localAttention(args) ?? interleaving(args);
};

/** Ranks that hold the same KV heads can share out the tokens; those of MLA all do. */
const heads: Check = ({ architecture: { mla, numHeads, numKvHeads }, parallel }) => {
  const { contextRanks = 1, tensor } = parallel;
  if (mla !== null) return null;
  if (tensor <= numKvHeads) {
    return refuse(
      `AssertionError: tensor parallel size ${tensor} must be greater than total num kv heads ${numKvHeads} when enable decode context parallel for GQA/MQA`,
      'leave --decode-context-parallel-size out: every rank has KV heads of its own',
    );
  }
  const most = Math.floor(tensor / numKvHeads);
  if (contextRanks > most) {
    return refuse(
      `AssertionError: decode context parallel size must less than or equal to (tensor parallel size ${tensor} // total num kv heads ${numKvHeads}) = ${most}, but got ${contextRanks}`,
      `--decode-context-parallel-size ${most} or less`,
    );
  }
  const perKvHead = Math.floor(numHeads / numKvHeads);
  return perKvHead % contextRanks !== 0
    ? refuse(
        `AssertionError: Total number of q per kv attn heads (${perKvHead}) must be divisible by dcp world size when enable decode context parallel for GQA (${contextRanks}).`,
        `choose a divisor of ${perKvHead} for --decode-context-parallel-size`,
      )
    : null;
};

const localAttention: Check = ({ scenario, architecture }) => {
  const kind = separatesKinds(scenario, architecture) ? architecture.localAttention?.kind : undefined;
  if (kind === undefined) return null;
  return refuse(
    kind === 'sliding_window'
      ? 'AssertionError: DCP not support sliding window.'
      : 'ValueError: Hybrid KV cache groups with multiple block sizes do not support context parallelism (dcp_world_size/pcp_world_size > 1).',
    '--disable-hybrid-kv-cache-manager, or no --decode-context-parallel-size',
  );
};

const interleaving: Check = ({ scenario, blockSize }) => {
  const flag = flagsOf(scenario);
  const older = numberOf(flag('dcp_kv_cache_interleave_size'), 1);
  const size = older > 1 ? older : numberOf(flag('cp_kv_cache_interleave_size'), 1);
  return size > blockSize || blockSize % size !== 0
    ? refuse(
        `AssertionError: Block_size(${blockSize}) should be greater than or equal to and divisible by cp_kv_cache_interleave_size (${size}).`,
        `choose a divisor of ${blockSize} for --cp-kv-cache-interleave-size`,
      )
    : null;
};
