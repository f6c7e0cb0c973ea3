import { GIB, gib } from '../units.ts';
import { grouped } from '../words.ts';
import type { Startup, StartupInput } from './startup.ts';

/** How sure the size of a pool is that was planned from flags alone. */
export interface RoomRange {
  /** A rank's KV cache may be so much smaller or larger. */
  readonly bytes: number;
  /** Blocks of the pool then. */
  readonly fewest: number;
  readonly most: number;
  /** Whether one request of max_model_len fits hangs on it. */
  readonly decides: boolean;
}

/** What predictions of starts on one GPU are off by, nearly all of them: docs/capacity.md, "How true it is". */
const SPREAD_BYTES = 0.3 * GIB;
/** NCCL is known from a few machines. */
const OUTSIDE_SHARE = 0.5;

/** Null where a flag says how large the pool is. */
export function roomRange(input: StartupInput, { ranks, blocksPerRequest }: Startup): RoomRange | null {
  if (input.numBlocksOverride !== null || input.kvCacheMemoryBytes !== null) return null;
  const spreads = ranks.map(({ nonTorchBytes }) => SPREAD_BYTES + OUTSIDE_SHARE * nonTorchBytes);
  const blocks = (sign: 1 | -1) =>
    Math.max(
      0,
      Math.min(
        ...ranks.map(({ availableBytes, blockBytes }, i) =>
          Math.floor((availableBytes + sign * spreads[i]) / blockBytes),
        ),
      ),
    );
  const [fewest, most] = [blocks(-1), blocks(1)];
  return {
    bytes: Math.max(...spreads),
    fewest,
    most,
    decides: !input.fitsLength && fewest < blocksPerRequest && blocksPerRequest <= most,
  };
}

/** What a user should know of a start that hangs on it. */
export function nearLimit({ bytes }: RoomRange, starts: boolean, maxModelLen: number): string {
  const [size, fits] = starts ? ['smaller', 'not fit'] : ['larger', 'fit'];
  return `near the limit: the KV cache may turn out ${gib(bytes)} GiB ${size} than planned, and one request of ${grouped(maxModelLen)} tokens would then ${fits}`;
}
