import type { Gpu } from '../catalog/gpus.ts';
import { hostBytesPerSecond, TRANSFER_START } from '../catalog/links.ts';
import { elementwise } from './elementwise.ts';

/*
 * What crosses PCIe, and V0's copies of blocks. Nothing of it was measured: bytes by bandwidth and a start, as
 * semantics/time.md §0 suggests.
 */

/** What the ranks of a pipeline have to do with host memory. */
export interface HostShare {
  /** Stage → weights of one of its ranks that every step reads from there (--cpu-offload-gb), bytes. */
  readonly weightBytes: readonly number[];
  /** Tokens of a block that is swapped or copied. */
  readonly blockSize: number;
}

/** Seconds of `bytes` between GPU and host, in so many copies; 0 for none. */
export function hostTransfer({ link }: Gpu, bytes: number, copies = 1): number {
  return bytes > 0 ? copies * TRANSFER_START + bytes / hostBytesPerSecond(link) : 0;
}

/**
 * Copies that carry so many blocks between GPU and host: vLLM 0.6.3 copies the keys and the values of each block in
 * each layer on their own (`swap_blocks` in csrc/cache_kernels.cu), so small blocks are slow.
 */
export function swapCopies(blocks: number, layers: number): number {
  return 2 * layers * blocks;
}

/** Seconds of copies within the GPU: each byte is read and written, all layers in one kernel each way. */
export function blockCopies(gpu: Gpu, bytes: number): number {
  return bytes > 0 ? elementwise(gpu, 2 * bytes) : 0;
}
