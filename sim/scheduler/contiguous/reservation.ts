import { nextPowerOfTwo } from '../../pool/contiguous/buddy.ts';
import type { ContiguousPolicy } from './config.ts';

/**
 * Token slots to reserve for a request with so many tokens in its prompt, its outputs and, at most, both: never
 * fewer than prompt + outputs. After section 6.1 of the PagedAttention paper: Orca (Pow2) has at most twice the
 * room for outputs, such as 32 positions for 25.
 */
export type Reservation = (prompt: number, outputs: number, most: number) => number;

const wholeLength: Reservation = (_prompt, _outputs, most) => most;

export const RESERVATIONS: Readonly<Record<ContiguousPolicy, Reservation>> = {
  max: wholeLength,
  pow2: (prompt, outputs, most) => Math.min(prompt + nextPowerOfTwo(outputs), most),
  oracle: (prompt, outputs) => prompt + outputs,
  static: wholeLength,
};
