import { GIB, MIB } from '../../units.ts';

/** A RuntimeError that PyTorch's allocator would raise; the message is its own. */
export class AllocatorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AllocatorError';
  }
}

/** torch.OutOfMemoryError. Catching it is fine: the allocator goes on, with its cache given back. */
export class OutOfMemoryError extends AllocatorError {
  constructor(message: string) {
    super(message);
    this.name = 'OutOfMemoryError';
  }
}

/** What the message of an OutOfMemoryError tells, in bytes, after everything that could be was given back. */
export interface OutOfMemoryFacts {
  /** Bytes of the segment that was asked for, which may be more than the request. */
  readonly segmentBytes: number;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  /** Allocated by tensors. */
  readonly allocatedBytes: number;
  readonly reservedBytes: number;
  /** Number of the GPU, and what another process holds on it; none by default. */
  readonly gpu?: number;
  readonly otherBytes?: number;
}

/**
 * The message of PyTorch 2.4, word for word. What others hold is said of one process, whose id, which NVML would
 * tell, is 1 here.
 */
export function outOfMemoryMessage(facts: OutOfMemoryFacts): string {
  const { segmentBytes, capacityBytes, freeBytes, allocatedBytes, reservedBytes } = facts;
  const { gpu = 0, otherBytes = 0 } = facts;
  const others = otherBytes > 0 ? `Process 1 has ${formatBytes(otherBytes)} memory in use. ` : '';
  return (
    `CUDA out of memory. Tried to allocate ${formatBytes(segmentBytes)}. ` +
    `GPU ${gpu} has a total capacity of ${formatBytes(capacityBytes)} of which ${formatBytes(freeBytes)} is free. ` +
    `${others}Including non-PyTorch memory, this process has ${formatBytes(capacityBytes - freeBytes - otherBytes)} memory in use. ` +
    `Of the allocated memory ${formatBytes(allocatedBytes)} is allocated by PyTorch, ` +
    `and ${formatBytes(reservedBytes - allocatedBytes)} is reserved by PyTorch but unallocated. ` +
    'If reserved but unallocated memory is large try setting ' +
    'PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  ' +
    'See documentation for Memory Management  ' +
    '(https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)'
  );
}

/** As PyTorch's format_size: a unit is left only above 1024 of it, so 1 GiB is `1024.00 MiB`. */
function formatBytes(bytes: number): string {
  if (bytes <= 1024) return `${bytes} bytes`;
  if (bytes <= MIB) return `${twoDecimals(bytes / 1024)} KiB`;
  if (bytes <= GIB) return `${twoDecimals(bytes / MIB)} MiB`;
  return `${twoDecimals(bytes / GIB)} GiB`;
}

/** As C++ prints it: a tie, such as 1.125, goes to the even digit, where toFixed goes up. */
function twoDecimals(value: number): string {
  const isTieToGoDown = (value * 8) % 4 === 1;
  return (isTieToGoDown ? value - 0.005 : value).toFixed(2);
}
