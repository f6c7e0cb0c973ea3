import { GIB } from '../units.ts';
import { type Check, type Refusal, refuse } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';

/** V0's default of --swap-space, GiB per GPU. */
export const DEFAULT_SWAP_GIB = 4;
/** vLLM refuses above one share of the host's memory, which is not the container's, and warns above the other. */
const TOO_LARGE = 0.7;
const POSSIBLY_TOO_LARGE = 0.4;

/** V0 adds the swap space of all tensor-parallel ranks (CacheConfig.verify_with_parallel_config). */
export const swapSpace: Check = (args) => {
  const swap = swapOf(args);
  return swap !== null && swap.share > TOO_LARGE
    ? ({
        ...refuse(`ValueError: Too large swap space. ${swap.text}`, `--swap-space ${swap.mostGib} or less`),
        because: 'host-memory',
      } satisfies Refusal)
    : null;
};

/** V0's warning about it, which ends nothing; null = none. */
export function swapWarning(args: Parameters<Check>[0]): string | null {
  const swap = swapOf(args);
  return swap !== null && swap.share > POSSIBLY_TOO_LARGE
    ? `Possibly too large swap space. ${swap.text}`
    : null;
}

function swapOf({ scenario, parallel }: Parameters<Check>[0]) {
  const total = scenario.host.memoryGib;
  if (scenario.vllm !== '0.6.3' || total === null) return null;
  const perGpu = Math.floor(numberOf(flagsOf(scenario)('swap_space'), DEFAULT_SWAP_GIB) * GIB) / GIB;
  const used = perGpu * parallel.tensor;
  return {
    share: used / total,
    mostGib: Math.floor((TOO_LARGE * total) / parallel.tensor),
    text: `${used.toFixed(2)} GiB out of the ${total.toFixed(2)} GiB total CPU memory is allocated for the swap space.`,
  };
}
